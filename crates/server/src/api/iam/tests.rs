//! IAM through its protocol: a form in, XML out.

use std::sync::Arc;

use aws::percent;
use expect_test::{Expect, expect};
use store::MemoryStore;

use super::{Iam, RoleTrust};
use crate::front::{Request, Response};
use crate::records::Records;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"states.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"*"}}"#;
const ARN: &str = "arn:aws:iam::123456789012:policy/p";

fn service() -> Iam {
    Iam::new(Records::new(Arc::new(MemoryStore::new())))
}

async fn post(iam: &Iam, parameters: &[(&str, &str)]) -> Response {
    let pairs = parameters.iter().map(|(name, value)| format!("{name}={}", percent::encode(value)));
    let body = format!("Version=2010-05-08&{}", pairs.collect::<Vec<_>>().join("&"));
    let request = Request {
        method: hyper::Method::POST,
        path: "/".to_owned(),
        query: None,
        headers: hyper::HeaderMap::new(),
        body: body.into(),
        account: "123456789012".into(),
        region: "us-east-1".into(),
        signed_service: Some("iam".to_owned()),
        access_key: None,
        request_id: "id".to_owned(),
    };
    iam.handle(&request).await
}

/// The answer without its envelope, ids and times: `200 <Role>..` or `404 NoSuchEntity: ..`.
async fn call(iam: &Iam, action: &str, parameters: &[(&str, &str)]) -> String {
    let all = [&[("Action", action)], parameters].concat();
    let response = post(iam, &all).await;
    let text = String::from_utf8(response.body.to_vec()).unwrap();
    if response.status != 200 {
        return format!("{} {}: {}", response.status, inner(&text, "Code"), inner(&text, "Message"));
    }
    let result = inner(&text, &format!("{action}Result"));
    ["CreateDate", "UpdateDate", "RoleId", "PolicyId"].iter().fold(result, |text, tag| blank(&text, tag))
}

fn inner(text: &str, tag: &str) -> String {
    let start = text.find(&format!("<{tag}>")).map(|at| at + tag.len() + 2);
    start.map(|at| text[at..].split(&format!("</{tag}>")).next().unwrap().to_owned()).unwrap_or_default()
}

fn blank(text: &str, tag: &str) -> String {
    let opening = format!("<{tag}>");
    let mut parts = text.split(&opening);
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |all, part| format!("{all}<{tag}/>{}", part.split_once(&format!("</{tag}>")).unwrap().1))
}

async fn check(iam: &Iam, action: &str, parameters: &[(&str, &str)], expected: Expect) {
    expected.assert_eq(&call(iam, action, parameters).await);
}

async fn with_role() -> Iam {
    let iam = service();
    call(&iam, "CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", TRUST)]).await;
    iam
}

async fn with_policy() -> Iam {
    let iam = with_role().await;
    call(&iam, "CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", POLICY)]).await;
    iam
}

#[tokio::test]
async fn a_role_is_shown_as_aws_shows_it() {
    let iam = service();
    let parameters = [
        ("RoleName", "order"),
        ("Path", "/a/b/"),
        ("AssumeRolePolicyDocument", TRUST),
        ("Description", "a & b"),
        ("Tags.member.1.Key", "k"),
        ("Tags.member.1.Value", ""),
    ];
    check(&iam, "CreateRole", &parameters, expect!["<Role><Path>/a/b/</Path><RoleName>order</RoleName><RoleId/><Arn>arn:aws:iam::123456789012:role/a/b/order</Arn><CreateDate/><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22states.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%7D</AssumeRolePolicyDocument><Tags><member><Key>k</Key><Value></Value></member></Tags></Role>"]).await;
    check(&iam, "GetRole", &[("RoleName", "order")], expect!["<Role><Path>/a/b/</Path><RoleName>order</RoleName><RoleId/><Arn>arn:aws:iam::123456789012:role/a/b/order</Arn><CreateDate/><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22states.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%7D</AssumeRolePolicyDocument><Description>a &amp; b</Description><MaxSessionDuration>3600</MaxSessionDuration><Tags><member><Key>k</Key><Value></Value></member></Tags><RoleLastUsed></RoleLastUsed></Role>"]).await;
    check(&iam, "ListRoles", &[("PathPrefix", "/a/")], expect!["<Roles><member><Path>/a/b/</Path><RoleName>order</RoleName><RoleId/><Arn>arn:aws:iam::123456789012:role/a/b/order</Arn><CreateDate/><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22states.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%7D</AssumeRolePolicyDocument><Description>a &amp; b</Description><MaxSessionDuration>3600</MaxSessionDuration></member></Roles><IsTruncated>false</IsTruncated>"]).await;
    check(&iam, "ListRoles", &[("PathPrefix", "/b/")], expect!["<Roles></Roles><IsTruncated>false</IsTruncated>"]).await;
}

#[tokio::test]
async fn a_role_id_is_aroa_and_seventeen_characters() {
    let iam = with_role().await;
    let text = post(&iam, &[("Action", "GetRole"), ("RoleName", "r")]).await.body;
    let id = inner(std::str::from_utf8(&text).unwrap(), "RoleId");
    assert!(id.len() == 21 && id.starts_with("AROA") && id.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
}

#[tokio::test]
async fn a_role_is_changed_and_removed() {
    let iam = with_role().await;
    let r = ("RoleName", "r");
    check(&iam, "UpdateRole", &[r, ("Description", "new"), ("MaxSessionDuration", "7200")], expect![""]).await;
    check(&iam, "UpdateRole", &[r], expect![""]).await;
    let role = call(&iam, "GetRole", &[r]).await;
    assert_eq!((inner(&role, "Description"), inner(&role, "MaxSessionDuration")), ("new".into(), "7200".into()));
    let described = call(&iam, "UpdateRoleDescription", &[r, ("Description", "other")]).await;
    assert!(described.contains("<Description>other</Description>") && !described.contains("MaxSession"), "{described}");
    check(&iam, "UpdateAssumeRolePolicy", &[r, ("PolicyDocument", "{}")], expect!["400 MalformedPolicyDocument: Missing required field Statement"]).await;
    assert!(call(&iam, "GetRole", &[r]).await.contains("states.amazonaws.com"));
    check(&iam, "ListInstanceProfilesForRole", &[r], expect!["<InstanceProfiles></InstanceProfiles><IsTruncated>false</IsTruncated>"]).await;
    check(&iam, "DeleteRole", &[r], expect![""]).await;
    check(&iam, "GetRole", &[r], expect!["404 NoSuchEntity: The role with name r cannot be found."]).await;
}

#[tokio::test]
async fn a_role_that_is_in_use_stays() {
    let iam = with_policy().await;
    let r = ("RoleName", "r");
    call(&iam, "AttachRolePolicy", &[r, ("PolicyArn", ARN)]).await;
    call(&iam, "PutRolePolicy", &[r, ("PolicyName", "in"), ("PolicyDocument", POLICY)]).await;
    check(&iam, "DeleteRole", &[r], expect!["409 DeleteConflict: Cannot delete entity, must detach all policies first."]).await;
    call(&iam, "DetachRolePolicy", &[r, ("PolicyArn", ARN)]).await;
    check(&iam, "DeleteRole", &[r], expect!["409 DeleteConflict: Cannot delete entity, must delete policies first."]).await;
    call(&iam, "DeleteRolePolicy", &[r, ("PolicyName", "in")]).await;
    check(&iam, "DeleteRole", &[r], expect![""]).await;
}

#[tokio::test]
async fn bad_requests_are_refused_in_awss_words() {
    let iam = with_role().await;
    let long = "x".repeat(65);
    let fat = format!(r#"{{"Version":"2012-10-17","Statement":{{"Sid":"{}","Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}}}"#, "x".repeat(2048));
    let trust = ("AssumeRolePolicyDocument", TRUST);
    let cases: &[(&str, &[(&str, &str)], Expect)] = &[
        ("CreateRole", &[("RoleName", "r"), trust], expect!["409 EntityAlreadyExists: Role with name r already exists."]),
        ("CreateRole", &[("RoleName", "R"), trust], expect!["409 EntityAlreadyExists: Role with name R already exists."]),
        ("CreateRole", &[trust], expect!["400 ValidationError: 1 validation error detected: Value at 'roleName' failed to satisfy constraint: Member must not be null"]),
        ("CreateRole", &[], expect!["400 ValidationError: 2 validation errors detected: Value at 'roleName' failed to satisfy constraint: Member must not be null; Value at 'assumeRolePolicyDocument' failed to satisfy constraint: Member must not be null"]),
        ("CreateRole", &[("RoleName", &long), trust], expect!["400 ValidationError: 1 validation error detected: Value at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64"]),
        ("CreateRole", &[("RoleName", "a\0b"), trust], expect!["400 ValidationError: The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"]),
        ("CreateRole", &[("RoleName", "x"), ("Path", "a"), trust], expect!["400 ValidationError: The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters."]),
        ("CreateRole", &[("RoleName", "x"), ("MaxSessionDuration", "1"), trust], expect!["400 ValidationError: 1 validation error detected: Value at 'maxSessionDuration' failed to satisfy constraint: Member must have value greater than or equal to 3600"]),
        ("CreateRole", &[("RoleName", "x"), ("AssumeRolePolicyDocument", "no")], expect!["400 MalformedPolicyDocument: This policy contains invalid Json"]),
        ("CreateRole", &[("RoleName", "x"), ("AssumeRolePolicyDocument", "漢")], expect!["400 ValidationError: The specified value for assumeRolePolicyDocument is invalid. It must contain only printable ASCII characters."]),
        ("CreateRole", &[("RoleName", "x"), ("AssumeRolePolicyDocument", &fat)], expect!["409 LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048"]),
        ("CreateRole", &[("RoleName", "x"), trust, ("PermissionsBoundary", "arn:aws:iam::123456789012:policy/nope")], expect!["404 NoSuchEntity: Policy arn:aws:iam::123456789012:policy/nope does not exist or is not attachable."]),
        ("CreateRole", &[("RoleName", "x"), trust, ("Tags.member.1.Key", "a"), ("Tags.member.2.Key", "A")], expect!["400 InvalidInput: Duplicate tag keys found. Please note that Tag keys are case insensitive."]),
        ("GetRole", &[("RoleName", "none")], expect!["404 NoSuchEntity: The role with name none cannot be found."]),
        ("UpdateRole", &[("RoleName", "none")], expect!["404 NoSuchEntity: The role with name none cannot be found."]),
        ("TagRole", &[("RoleName", "r")], expect!["400 ValidationError: 1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must not be null"]),
        ("TagRole", &[("RoleName", "r"), ("Tags.member.1.Key", "<"), ("Tags.member.1.Value", "v")], expect![[r#"400 ValidationError: 1 validation error detected: Value at 'tags.1.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+"#]]),
        ("ListRoles", &[("MaxItems", "0")], expect!["400 ValidationError: 1 validation error detected: Value at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1"]),
        ("ListRoles", &[("Marker", "%%%")], expect!["400 ValidationError: Invalid Marker."]),
        ("GetRolePolicy", &[("RoleName", "r"), ("PolicyName", "none")], expect!["404 NoSuchEntity: The role policy with name none cannot be found."]),
        ("DeleteRolePolicy", &[("RoleName", "r"), ("PolicyName", "none")], expect!["404 NoSuchEntity: The role policy with name none cannot be found."]),
        ("PutRolePolicy", &[("RoleName", "r"), ("PolicyName", "in"), ("PolicyDocument", "{}")], expect!["400 MalformedPolicyDocument: Syntax errors in policy."]),
        ("AttachRolePolicy", &[("RoleName", "r"), ("PolicyArn", "arn:aws:iam::123456789012:policy/none")], expect!["404 NoSuchEntity: Policy arn:aws:iam::123456789012:policy/none does not exist or is not attachable."]),
        ("AttachRolePolicy", &[("RoleName", "r"), ("PolicyArn", "short")], expect!["400 ValidationError: 1 validation error detected: Value at 'policyArn' failed to satisfy constraint: Member must have length greater than or equal to 20"]),
        ("AttachRolePolicy", &[("RoleName", "r"), ("PolicyArn", "arn:aws:s3:::long-enough-a-name")], expect!["400 InvalidInput: ARN arn:aws:s3:::long-enough-a-name is not valid."]),
        ("DetachRolePolicy", &[("RoleName", "r"), ("PolicyArn", ARN)], expect!["404 NoSuchEntity: Policy arn:aws:iam::123456789012:policy/p was not found."]),
        ("GetPolicy", &[("PolicyArn", ARN)], expect!["404 NoSuchEntity: Policy arn:aws:iam::123456789012:policy/p was not found."]),
        ("ListPolicies", &[("Scope", "Mine")], expect!["400 ValidationError: 1 validation error detected: Value at 'scope' failed to satisfy constraint: Member must satisfy enum value set: [All, AWS, Local]"]),
        ("DeletePolicy", &[("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess")], expect!["403 AccessDenied: Policy is outside your own account."]),
        ("Nothing", &[], expect!["400 InvalidAction: Could not find operation Nothing for version 2010-05-08"]),
        ("", &[], expect!["400 MissingAction: The request must contain the parameter Action."]),
    ];
    for (action, parameters, expected) in cases {
        expected.assert_eq(&call(&iam, action, parameters).await);
    }
    let only = call(&iam, "ListRoles", &[]).await;
    assert_eq!(only.matches("<RoleName>").count(), 1, "nothing was stored: {only}");
}

#[tokio::test]
async fn inline_policies_are_stored_and_limited() {
    let iam = with_role().await;
    let r = ("RoleName", "r");
    check(&iam, "PutRolePolicy", &[r, ("PolicyName", "b"), ("PolicyDocument", POLICY)], expect![""]).await;
    check(&iam, "PutRolePolicy", &[r, ("PolicyName", "a"), ("PolicyDocument", POLICY)], expect![""]).await;
    check(&iam, "GetRolePolicy", &[r, ("PolicyName", "a")], expect!["<RoleName>r</RoleName><PolicyName>a</PolicyName><PolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22lambda%3AInvokeFunction%22%2C%22Resource%22%3A%22%2A%22%7D%7D</PolicyDocument>"]).await;
    check(&iam, "ListRolePolicies", &[r], expect!["<PolicyNames><member>a</member><member>b</member></PolicyNames><IsTruncated>false</IsTruncated>"]).await;
    let fat = POLICY.replace("\"*\"", &format!("\"arn:aws:s3:::{}\"", "x".repeat(10_100)));
    check(&iam, "PutRolePolicy", &[r, ("PolicyName", "c"), ("PolicyDocument", &fat)], expect!["409 LimitExceeded: Maximum policy size of 10240 bytes exceeded for role r"]).await;
    check(&iam, "DeleteRolePolicy", &[r, ("PolicyName", "a")], expect![""]).await;
    check(&iam, "ListRolePolicies", &[r], expect!["<PolicyNames><member>b</member></PolicyNames><IsTruncated>false</IsTruncated>"]).await;
}

#[tokio::test]
async fn tags_are_replaced_without_regard_to_case() {
    let iam = with_role().await;
    let r = ("RoleName", "r");
    let two = [r, ("Tags.member.1.Key", "b"), ("Tags.member.1.Value", "1"), ("Tags.member.2.Key", "a"), ("Tags.member.2.Value", "2")];
    check(&iam, "TagRole", &two, expect![""]).await;
    check(&iam, "TagRole", &[r, ("Tags.member.1.Key", "B"), ("Tags.member.1.Value", "3")], expect![""]).await;
    check(&iam, "ListRoleTags", &[r], expect!["<Tags><member><Key>a</Key><Value>2</Value></member><member><Key>b</Key><Value>3</Value></member></Tags><IsTruncated>false</IsTruncated>"]).await;
    check(&iam, "UntagRole", &[r, ("TagKeys.member.1", "A")], expect![""]).await;
    check(&iam, "ListRoleTags", &[r], expect!["<Tags><member><Key>b</Key><Value>3</Value></member></Tags><IsTruncated>false</IsTruncated>"]).await;
    let names: Vec<(String, String)> = (1..=50).map(|i| (format!("Tags.member.{i}.Key"), format!("t{i}"))).collect();
    let fifty: Vec<(&str, &str)> = names.iter().map(|(n, v)| (n.as_str(), v.as_str())).chain([r]).collect();
    check(&iam, "TagRole", &fifty, expect!["409 LimitExceeded: The number of tags has reached the maximum limit."]).await;
}

#[tokio::test]
async fn a_managed_policy_is_shown_as_aws_shows_it() {
    let iam = service();
    let parameters = [("PolicyName", "p"), ("PolicyDocument", POLICY), ("Description", "d")];
    check(&iam, "CreatePolicy", &parameters, expect!["<Policy><PolicyName>p</PolicyName><PolicyId/><Arn>arn:aws:iam::123456789012:policy/p</Arn><Path>/</Path><DefaultVersionId>v1</DefaultVersionId><AttachmentCount>0</AttachmentCount><PermissionsBoundaryUsageCount>0</PermissionsBoundaryUsageCount><IsAttachable>true</IsAttachable><CreateDate/><UpdateDate/></Policy>"]).await;
    check(&iam, "GetPolicy", &[("PolicyArn", ARN)], expect!["<Policy><PolicyName>p</PolicyName><PolicyId/><Arn>arn:aws:iam::123456789012:policy/p</Arn><Path>/</Path><DefaultVersionId>v1</DefaultVersionId><AttachmentCount>0</AttachmentCount><PermissionsBoundaryUsageCount>0</PermissionsBoundaryUsageCount><IsAttachable>true</IsAttachable><Description>d</Description><CreateDate/><UpdateDate/><Tags></Tags></Policy>"]).await;
    check(&iam, "CreatePolicy", &parameters, expect!["409 EntityAlreadyExists: A policy called p already exists. Duplicate names are not allowed."]).await;
    check(&iam, "CreatePolicy", &[("PolicyName", "P"), ("Path", "/x/"), ("PolicyDocument", POLICY)], expect!["409 EntityAlreadyExists: A policy called P already exists. Duplicate names are not allowed."]).await;
}

#[tokio::test]
async fn versions_are_limited_and_one_is_in_force() {
    let iam = with_policy().await;
    let arn = ("PolicyArn", ARN);
    let document = ("PolicyDocument", POLICY);
    check(&iam, "CreatePolicyVersion", &[arn, document, ("SetAsDefault", "true")], expect!["<PolicyVersion><VersionId>v2</VersionId><IsDefaultVersion>true</IsDefaultVersion><CreateDate/></PolicyVersion>"]).await;
    for _ in 3..=5 {
        call(&iam, "CreatePolicyVersion", &[arn, document]).await;
    }
    check(&iam, "CreatePolicyVersion", &[arn, document], expect!["409 LimitExceeded: A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version."]).await;
    check(&iam, "DeletePolicyVersion", &[arn, ("VersionId", "v2")], expect!["409 DeleteConflict: Cannot delete the default version of a policy."]).await;
    check(&iam, "DeletePolicyVersion", &[arn, ("VersionId", "v5")], expect![""]).await;
    check(&iam, "CreatePolicyVersion", &[arn, document], expect!["<PolicyVersion><VersionId>v6</VersionId><IsDefaultVersion>false</IsDefaultVersion><CreateDate/></PolicyVersion>"]).await;
    check(&iam, "SetDefaultPolicyVersion", &[arn, ("VersionId", "v9")], expect!["404 NoSuchEntity: Policy arn:aws:iam::123456789012:policy/p version v9 does not exist or is not attachable."]).await;
    check(&iam, "SetDefaultPolicyVersion", &[arn, ("VersionId", "9")], expect![[r#"400 ValidationError: 1 validation error detected: Value at 'versionId' failed to satisfy constraint: Member must satisfy regular expression pattern: v[1-9][0-9]*(\.[A-Za-z0-9-]*)?"#]]).await;
    check(&iam, "SetDefaultPolicyVersion", &[arn, ("VersionId", "v1")], expect![""]).await;
    check(&iam, "ListPolicyVersions", &[arn, ("MaxItems", "2")], expect!["<Versions><member><VersionId>v6</VersionId><IsDefaultVersion>false</IsDefaultVersion><CreateDate/></member><member><VersionId>v4</VersionId><IsDefaultVersion>false</IsDefaultVersion><CreateDate/></member></Versions><IsTruncated>true</IsTruncated><Marker>NDI5NDk2NzI5MQ</Marker>"]).await;
    check(&iam, "ListPolicyVersions", &[arn, ("Marker", "NDI5NDk2NzI5MQ"), ("MaxItems", "9")], expect!["<Versions><member><VersionId>v3</VersionId><IsDefaultVersion>false</IsDefaultVersion><CreateDate/></member><member><VersionId>v2</VersionId><IsDefaultVersion>false</IsDefaultVersion><CreateDate/></member><member><VersionId>v1</VersionId><IsDefaultVersion>true</IsDefaultVersion><CreateDate/></member></Versions><IsTruncated>false</IsTruncated>"]).await;
    check(&iam, "DeletePolicy", &[arn], expect!["409 DeleteConflict: This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy."]).await;
    let version = call(&iam, "GetPolicyVersion", &[arn, ("VersionId", "v1")]).await;
    assert_eq!(percent::decode(&inner(&version, "Document")), POLICY);
}

#[tokio::test]
async fn a_policy_is_attached_and_counted() {
    let iam = with_policy().await;
    let (r, arn, lambda) = (("RoleName", "r"), ("PolicyArn", ARN), ("PolicyArn", "arn:aws:iam::aws:policy/service-role/AWSLambdaRole"));
    for policy in [arn, arn, lambda] {
        check(&iam, "AttachRolePolicy", &[r, policy], expect![""]).await;
    }
    check(&iam, "ListAttachedRolePolicies", &[r], expect!["<AttachedPolicies><member><PolicyName>p</PolicyName><PolicyArn>arn:aws:iam::123456789012:policy/p</PolicyArn></member><member><PolicyName>AWSLambdaRole</PolicyName><PolicyArn>arn:aws:iam::aws:policy/service-role/AWSLambdaRole</PolicyArn></member></AttachedPolicies><IsTruncated>false</IsTruncated>"]).await;
    check(&iam, "ListAttachedRolePolicies", &[r, ("PathPrefix", "/service-role/")], expect!["<AttachedPolicies><member><PolicyName>AWSLambdaRole</PolicyName><PolicyArn>arn:aws:iam::aws:policy/service-role/AWSLambdaRole</PolicyArn></member></AttachedPolicies><IsTruncated>false</IsTruncated>"]).await;
    for policy in [arn, lambda] {
        assert_eq!(inner(&call(&iam, "GetPolicy", &[policy]).await, "AttachmentCount"), "1");
        check(&iam, "ListEntitiesForPolicy", &[policy], expect!["<PolicyGroups></PolicyGroups><PolicyUsers></PolicyUsers><PolicyRoles><member><RoleName>r</RoleName><RoleId/></member></PolicyRoles><IsTruncated>false</IsTruncated>"]).await;
    }
    let attached = call(&iam, "ListPolicies", &[("OnlyAttached", "true")]).await;
    assert_eq!(attached.matches("<PolicyName>").count(), 2, "{attached}");
    check(&iam, "DeletePolicy", &[arn], expect!["409 DeleteConflict: Cannot delete a policy attached to entities."]).await;
    check(&iam, "DetachRolePolicy", &[r, arn], expect![""]).await;
    check(&iam, "DeletePolicy", &[arn], expect![""]).await;
}

#[tokio::test]
async fn ten_policies_may_be_attached() {
    let iam = with_role().await;
    for i in 0..10 {
        let name = format!("p{i}");
        call(&iam, "CreatePolicy", &[("PolicyName", &name), ("PolicyDocument", POLICY)]).await;
        call(&iam, "AttachRolePolicy", &[("RoleName", "r"), ("PolicyArn", &format!("arn:aws:iam::123456789012:policy/{name}"))]).await;
    }
    let eleventh = [("RoleName", "r"), ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess")];
    check(&iam, "AttachRolePolicy", &eleventh, expect!["409 LimitExceeded: Cannot exceed quota for PoliciesPerRole: 10"]).await;
}

/// Follows the markers of a list and gives all values of a tag.
async fn every(iam: &Iam, action: &str, parameters: &[(&str, &str)], tag: &str) -> Vec<String> {
    let (mut all, mut marker) = (Vec::new(), None::<String>);
    loop {
        let mut parameters = parameters.to_vec();
        parameters.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let page = call(iam, action, &parameters).await;
        let opening = format!("<{tag}>");
        let items = page.split(&opening).skip(1).map(|rest| rest.split('<').next().unwrap().to_owned());
        all.extend(items);
        match inner(&page, "IsTruncated").as_str() {
            "true" => marker = Some(inner(&page, "Marker")),
            "false" => return all,
            _ => panic!("{page}"),
        }
    }
}

#[tokio::test]
async fn lists_come_whole_whatever_the_size_of_a_page() {
    let iam = service();
    for i in 0..23 {
        let name = format!("r{i:02}");
        call(&iam, "CreateRole", &[("RoleName", &name), ("AssumeRolePolicyDocument", TRUST)]).await;
        call(&iam, "CreatePolicy", &[("PolicyName", &format!("p{i:02}")), ("PolicyDocument", POLICY)]).await;
    }
    let roles: Vec<String> = (0..23).map(|i| format!("r{i:02}")).collect();
    let policies = every(&iam, "ListPolicies", &[("MaxItems", "1000")], "PolicyName").await;
    assert!(policies.len() > 23 && policies[..23].iter().all(|name| name.starts_with('p')), "{policies:?}");
    for size in ["1", "5", "22", "23", "24", "100"] {
        assert_eq!(every(&iam, "ListRoles", &[("MaxItems", size)], "RoleName").await, roles, "{size}");
        assert_eq!(every(&iam, "ListPolicies", &[("MaxItems", size)], "PolicyName").await, policies, "{size}");
    }
    let own = every(&iam, "ListPolicies", &[("Scope", "Local"), ("MaxItems", "7")], "PolicyName").await;
    assert_eq!(own, policies[..23]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_changes_are_all_kept() {
    let iam = with_policy().await;
    let tasks: Vec<_> = (0..40)
        .map(|i| {
            let iam = iam.clone();
            tokio::spawn(async move {
                let name = format!("c{i}");
                call(&iam, "CreateRole", &[("RoleName", &name), ("AssumeRolePolicyDocument", TRUST)]).await;
                call(&iam, "AttachRolePolicy", &[("RoleName", &name), ("PolicyArn", ARN)]).await;
                call(&iam, "TagRole", &[("RoleName", "r"), ("Tags.member.1.Key", &name), ("Tags.member.1.Value", "")]).await
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), "");
    }
    assert_eq!(inner(&call(&iam, "GetPolicy", &[("PolicyArn", ARN)]).await, "AttachmentCount"), "40");
    assert_eq!(call(&iam, "ListRoleTags", &[("RoleName", "r")]).await.matches("<Key>").count(), 40);
}

#[tokio::test]
async fn other_services_learn_whether_a_role_trusts_them() {
    let iam = with_role().await;
    let trust = |arn: &str, service: &str| iam.role_trusts(&arn.parse().unwrap(), service, &iam::Context::default()).unwrap();
    let role = "arn:aws:iam::123456789012:role/r";
    assert_eq!(trust(role, "states.amazonaws.com"), RoleTrust::Trusted);
    assert_eq!(trust(role, "lambda.amazonaws.com"), RoleTrust::Untrusted);
    assert_eq!(trust("arn:aws:iam::123456789012:role/other", "states.amazonaws.com"), RoleTrust::Unknown);
    assert_eq!(trust("arn:aws:iam::123456789012:role/path/r", "states.amazonaws.com"), RoleTrust::Unknown);
    assert_eq!(trust("arn:aws:iam::210987654321:role/r", "states.amazonaws.com"), RoleTrust::Unknown);
}
