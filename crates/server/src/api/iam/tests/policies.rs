//! Policies inside roles, managed policies and their versions.

use super::{ARN, POLICY, call, check, inner, service, with_policy, with_role};
use aws::percent;
use expect_test::expect;

#[tokio::test]
async fn inline_policies_are_stored_and_limited() {
    let iam = with_role().await;
    let r = ("RoleName", "r");
    check(
        &iam,
        "PutRolePolicy",
        &[r, ("PolicyName", "b"), ("PolicyDocument", POLICY)],
        expect![""],
    )
    .await;
    check(
        &iam,
        "PutRolePolicy",
        &[r, ("PolicyName", "a"), ("PolicyDocument", POLICY)],
        expect![""],
    )
    .await;
    check(&iam, "GetRolePolicy", &[r, ("PolicyName", "a")], expect!["<RoleName>r</RoleName><PolicyName>a</PolicyName><PolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22lambda%3AInvokeFunction%22%2C%22Resource%22%3A%22%2A%22%7D%7D</PolicyDocument>"]).await;
    check(&iam, "ListRolePolicies", &[r], expect!["<PolicyNames><member>a</member><member>b</member></PolicyNames><IsTruncated>false</IsTruncated>"]).await;
    let fat = POLICY.replace("\"*\"", &format!("\"arn:aws:s3:::{}\"", "x".repeat(10_100)));
    check(
        &iam,
        "PutRolePolicy",
        &[r, ("PolicyName", "c"), ("PolicyDocument", &fat)],
        expect!["409 LimitExceeded: Maximum policy size of 10240 bytes exceeded for role r"],
    )
    .await;
    check(
        &iam,
        "DeleteRolePolicy",
        &[r, ("PolicyName", "a")],
        expect![""],
    )
    .await;
    check(
        &iam,
        "ListRolePolicies",
        &[r],
        expect!["<PolicyNames><member>b</member></PolicyNames><IsTruncated>false</IsTruncated>"],
    )
    .await;
}

#[tokio::test]
async fn a_managed_policy_is_shown_as_aws_shows_it() {
    let iam = service();
    let parameters = [
        ("PolicyName", "p"),
        ("PolicyDocument", POLICY),
        ("Description", "d"),
    ];
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
    check(
        &iam,
        "DeletePolicyVersion",
        &[arn, ("VersionId", "v2")],
        expect!["409 DeleteConflict: Cannot delete the default version of a policy."],
    )
    .await;
    check(
        &iam,
        "DeletePolicyVersion",
        &[arn, ("VersionId", "v5")],
        expect![""],
    )
    .await;
    check(&iam, "CreatePolicyVersion", &[arn, document], expect!["<PolicyVersion><VersionId>v6</VersionId><IsDefaultVersion>false</IsDefaultVersion><CreateDate/></PolicyVersion>"]).await;
    check(&iam, "SetDefaultPolicyVersion", &[arn, ("VersionId", "v9")], expect!["404 NoSuchEntity: Policy arn:aws:iam::123456789012:policy/p version v9 does not exist or is not attachable."]).await;
    check(&iam, "SetDefaultPolicyVersion", &[arn, ("VersionId", "9")], expect![[r#"400 ValidationError: 1 validation error detected: Value at 'versionId' failed to satisfy constraint: Member must satisfy regular expression pattern: v[1-9][0-9]*(\.[A-Za-z0-9-]*)?"#]]).await;
    check(
        &iam,
        "SetDefaultPolicyVersion",
        &[arn, ("VersionId", "v1")],
        expect![""],
    )
    .await;
    check(&iam, "ListPolicyVersions", &[arn, ("MaxItems", "2")], expect!["<Versions><member><VersionId>v6</VersionId><IsDefaultVersion>false</IsDefaultVersion><CreateDate/></member><member><VersionId>v4</VersionId><IsDefaultVersion>false</IsDefaultVersion><CreateDate/></member></Versions><IsTruncated>true</IsTruncated><Marker>NDI5NDk2NzI5MQ</Marker>"]).await;
    check(&iam, "ListPolicyVersions", &[arn, ("Marker", "NDI5NDk2NzI5MQ"), ("MaxItems", "9")], expect!["<Versions><member><VersionId>v3</VersionId><IsDefaultVersion>false</IsDefaultVersion><CreateDate/></member><member><VersionId>v2</VersionId><IsDefaultVersion>false</IsDefaultVersion><CreateDate/></member><member><VersionId>v1</VersionId><IsDefaultVersion>true</IsDefaultVersion><CreateDate/></member></Versions><IsTruncated>false</IsTruncated>"]).await;
    check(&iam, "DeletePolicy", &[arn], expect!["409 DeleteConflict: This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy."]).await;
    let version = call(&iam, "GetPolicyVersion", &[arn, ("VersionId", "v1")]).await;
    assert_eq!(percent::decode(&inner(&version, "Document")), POLICY);
}

#[tokio::test]
async fn a_policy_is_attached_and_counted() {
    let iam = with_policy().await;
    let (r, arn, lambda) = (
        ("RoleName", "r"),
        ("PolicyArn", ARN),
        (
            "PolicyArn",
            "arn:aws:iam::aws:policy/service-role/AWSLambdaRole",
        ),
    );
    for policy in [arn, arn, lambda] {
        check(&iam, "AttachRolePolicy", &[r, policy], expect![""]).await;
    }
    check(&iam, "ListAttachedRolePolicies", &[r], expect!["<AttachedPolicies><member><PolicyName>p</PolicyName><PolicyArn>arn:aws:iam::123456789012:policy/p</PolicyArn></member><member><PolicyName>AWSLambdaRole</PolicyName><PolicyArn>arn:aws:iam::aws:policy/service-role/AWSLambdaRole</PolicyArn></member></AttachedPolicies><IsTruncated>false</IsTruncated>"]).await;
    check(&iam, "ListAttachedRolePolicies", &[r, ("PathPrefix", "/service-role/")], expect!["<AttachedPolicies><member><PolicyName>AWSLambdaRole</PolicyName><PolicyArn>arn:aws:iam::aws:policy/service-role/AWSLambdaRole</PolicyArn></member></AttachedPolicies><IsTruncated>false</IsTruncated>"]).await;
    for policy in [arn, lambda] {
        assert_eq!(
            inner(&call(&iam, "GetPolicy", &[policy]).await, "AttachmentCount"),
            "1"
        );
        check(&iam, "ListEntitiesForPolicy", &[policy], expect!["<PolicyGroups></PolicyGroups><PolicyUsers></PolicyUsers><PolicyRoles><member><RoleName>r</RoleName><RoleId/></member></PolicyRoles><IsTruncated>false</IsTruncated>"]).await;
    }
    let attached = call(&iam, "ListPolicies", &[("OnlyAttached", "true")]).await;
    assert_eq!(attached.matches("<PolicyName>").count(), 2, "{attached}");
    check(
        &iam,
        "DeletePolicy",
        &[arn],
        expect!["409 DeleteConflict: Cannot delete a policy attached to entities."],
    )
    .await;
    check(&iam, "DetachRolePolicy", &[r, arn], expect![""]).await;
    check(&iam, "DeletePolicy", &[arn], expect![""]).await;
}

#[tokio::test]
async fn ten_policies_may_be_attached() {
    let iam = with_role().await;
    for i in 0..10 {
        let name = format!("p{i}");
        call(
            &iam,
            "CreatePolicy",
            &[("PolicyName", &name), ("PolicyDocument", POLICY)],
        )
        .await;
        call(
            &iam,
            "AttachRolePolicy",
            &[
                ("RoleName", "r"),
                (
                    "PolicyArn",
                    &format!("arn:aws:iam::123456789012:policy/{name}"),
                ),
            ],
        )
        .await;
    }
    let eleventh = [
        ("RoleName", "r"),
        ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess"),
    ];
    check(
        &iam,
        "AttachRolePolicy",
        &eleventh,
        expect!["409 LimitExceeded: Cannot exceed quota for PoliciesPerRole: 10"],
    )
    .await;
}
