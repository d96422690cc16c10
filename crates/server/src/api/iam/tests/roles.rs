//! Roles, their tags, and whom they trust.

use super::{ARN, POLICY, TRUST, call, check, inner, post, service, with_policy, with_role};
use crate::roles::Trust;
use expect_test::expect;

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
    check(
        &iam,
        "ListRoles",
        &[("PathPrefix", "/b/")],
        expect!["<Roles></Roles><IsTruncated>false</IsTruncated>"],
    )
    .await;
}

#[tokio::test]
async fn a_role_id_is_aroa_and_seventeen_characters() {
    let iam = with_role().await;
    let text = post(&iam, &[("Action", "GetRole"), ("RoleName", "r")])
        .await
        .body;
    let id = inner(std::str::from_utf8(&text).unwrap(), "RoleId");
    assert!(
        id.len() == 21 && id.starts_with("AROA") && id.bytes().all(|b| b.is_ascii_alphanumeric()),
        "{id}"
    );
}

#[tokio::test]
async fn a_role_is_changed_and_removed() {
    let iam = with_role().await;
    let r = ("RoleName", "r");
    check(
        &iam,
        "UpdateRole",
        &[r, ("Description", "new"), ("MaxSessionDuration", "7200")],
        expect![""],
    )
    .await;
    check(&iam, "UpdateRole", &[r], expect![""]).await;
    let role = call(&iam, "GetRole", &[r]).await;
    assert_eq!(
        (
            inner(&role, "Description"),
            inner(&role, "MaxSessionDuration")
        ),
        ("new".into(), "7200".into())
    );
    let described = call(
        &iam,
        "UpdateRoleDescription",
        &[r, ("Description", "other")],
    )
    .await;
    assert!(
        described.contains("<Description>other</Description>") && !described.contains("MaxSession"),
        "{described}"
    );
    check(
        &iam,
        "UpdateAssumeRolePolicy",
        &[r, ("PolicyDocument", "{}")],
        expect!["400 MalformedPolicyDocument: Missing required field Statement"],
    )
    .await;
    assert!(
        call(&iam, "GetRole", &[r])
            .await
            .contains("states.amazonaws.com")
    );
    check(
        &iam,
        "ListInstanceProfilesForRole",
        &[r],
        expect!["<InstanceProfiles></InstanceProfiles><IsTruncated>false</IsTruncated>"],
    )
    .await;
    check(&iam, "DeleteRole", &[r], expect![""]).await;
    check(
        &iam,
        "GetRole",
        &[r],
        expect!["404 NoSuchEntity: The role with name r cannot be found."],
    )
    .await;
}

#[tokio::test]
async fn a_role_that_is_in_use_stays() {
    let iam = with_policy().await;
    let r = ("RoleName", "r");
    call(&iam, "AttachRolePolicy", &[r, ("PolicyArn", ARN)]).await;
    call(
        &iam,
        "PutRolePolicy",
        &[r, ("PolicyName", "in"), ("PolicyDocument", POLICY)],
    )
    .await;
    check(
        &iam,
        "DeleteRole",
        &[r],
        expect!["409 DeleteConflict: Cannot delete entity, must detach all policies first."],
    )
    .await;
    call(&iam, "DetachRolePolicy", &[r, ("PolicyArn", ARN)]).await;
    check(
        &iam,
        "DeleteRole",
        &[r],
        expect!["409 DeleteConflict: Cannot delete entity, must delete policies first."],
    )
    .await;
    call(&iam, "DeleteRolePolicy", &[r, ("PolicyName", "in")]).await;
    check(&iam, "DeleteRole", &[r], expect![""]).await;
}

#[tokio::test]
async fn tags_are_replaced_without_regard_to_case() {
    let iam = with_role().await;
    let r = ("RoleName", "r");
    let two = [
        r,
        ("Tags.member.1.Key", "b"),
        ("Tags.member.1.Value", "1"),
        ("Tags.member.2.Key", "a"),
        ("Tags.member.2.Value", "2"),
    ];
    check(&iam, "TagRole", &two, expect![""]).await;
    check(
        &iam,
        "TagRole",
        &[r, ("Tags.member.1.Key", "B"), ("Tags.member.1.Value", "3")],
        expect![""],
    )
    .await;
    check(&iam, "ListRoleTags", &[r], expect!["<Tags><member><Key>a</Key><Value>2</Value></member><member><Key>b</Key><Value>3</Value></member></Tags><IsTruncated>false</IsTruncated>"]).await;
    check(
        &iam,
        "UntagRole",
        &[r, ("TagKeys.member.1", "A")],
        expect![""],
    )
    .await;
    check(&iam, "ListRoleTags", &[r], expect!["<Tags><member><Key>b</Key><Value>3</Value></member></Tags><IsTruncated>false</IsTruncated>"]).await;
    let names: Vec<(String, String)> = (1..=50)
        .map(|i| (format!("Tags.member.{i}.Key"), format!("t{i}")))
        .collect();
    let fifty: Vec<(&str, &str)> = names
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .chain([r])
        .collect();
    check(
        &iam,
        "TagRole",
        &fifty,
        expect!["409 LimitExceeded: The number of tags has reached the maximum limit."],
    )
    .await;
}

#[tokio::test]
async fn other_services_learn_whether_a_role_trusts_them() {
    let iam = with_role().await;
    let trust = |arn: &str, service: &str| {
        iam.trust(&arn.parse().unwrap(), service, &iam::Context::default())
            .unwrap()
    };
    let role = "arn:aws:iam::123456789012:role/r";
    assert_eq!(trust(role, "states.amazonaws.com"), Trust::Given);
    assert_eq!(trust(role, "lambda.amazonaws.com"), Trust::Refused);
    assert_eq!(
        trust(
            "arn:aws:iam::123456789012:role/other",
            "states.amazonaws.com"
        ),
        Trust::UnknownRole
    );
    assert_eq!(
        trust(
            "arn:aws:iam::123456789012:role/path/r",
            "states.amazonaws.com"
        ),
        Trust::UnknownRole
    );
    assert_eq!(
        trust("arn:aws:iam::210987654321:role/r", "states.amazonaws.com"),
        Trust::UnknownRole
    );
}
