//! Bad requests: AWS's codes, messages and statuses, and nothing stored.

use super::{ARN, TRUST, call, with_role};
use expect_test::{Expect, expect};

type Parameters<'a> = &'a [(&'a str, &'a str)];

#[tokio::test]
async fn bad_requests_are_refused_in_awss_words() {
    let iam = with_role().await;
    let long = "x".repeat(65);
    let fat = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Sid":"{}","Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}}}"#,
        "x".repeat(2048)
    );
    let trust = ("AssumeRolePolicyDocument", TRUST);
    let cases: &[(&str, Parameters<'_>, Expect)] = &[
        (
            "CreateRole",
            &[("RoleName", "r"), trust],
            expect!["409 EntityAlreadyExists: Role with name r already exists."],
        ),
        (
            "CreateRole",
            &[("RoleName", "R"), trust],
            expect!["409 EntityAlreadyExists: Role with name R already exists."],
        ),
        (
            "CreateRole",
            &[trust],
            expect![
                "400 ValidationError: 1 validation error detected: Value at 'roleName' failed to satisfy constraint: Member must not be null"
            ],
        ),
        (
            "CreateRole",
            &[],
            expect![
                "400 ValidationError: 2 validation errors detected: Value at 'roleName' failed to satisfy constraint: Member must not be null; Value at 'assumeRolePolicyDocument' failed to satisfy constraint: Member must not be null"
            ],
        ),
        (
            "CreateRole",
            &[("RoleName", &long), trust],
            expect![
                "400 ValidationError: 1 validation error detected: Value at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64"
            ],
        ),
        (
            "CreateRole",
            &[("RoleName", "a\0b"), trust],
            expect![
                "400 ValidationError: The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
            ],
        ),
        (
            "CreateRole",
            &[("RoleName", "x"), ("Path", "a"), trust],
            expect![
                "400 ValidationError: The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters."
            ],
        ),
        (
            "CreateRole",
            &[("RoleName", "x"), ("MaxSessionDuration", "1"), trust],
            expect![
                "400 ValidationError: 1 validation error detected: Value at 'maxSessionDuration' failed to satisfy constraint: Member must have value greater than or equal to 3600"
            ],
        ),
        (
            "CreateRole",
            &[("RoleName", "x"), ("AssumeRolePolicyDocument", "no")],
            expect!["400 MalformedPolicyDocument: This policy contains invalid Json"],
        ),
        (
            "CreateRole",
            &[("RoleName", "x"), ("AssumeRolePolicyDocument", "漢")],
            expect![
                "400 ValidationError: The specified value for assumeRolePolicyDocument is invalid. It must contain only printable ASCII characters."
            ],
        ),
        (
            "CreateRole",
            &[("RoleName", "x"), ("AssumeRolePolicyDocument", &fat)],
            expect!["409 LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048"],
        ),
        (
            "CreateRole",
            &[
                ("RoleName", "x"),
                trust,
                (
                    "PermissionsBoundary",
                    "arn:aws:iam::123456789012:policy/nope",
                ),
            ],
            expect![
                "404 NoSuchEntity: Policy arn:aws:iam::123456789012:policy/nope does not exist or is not attachable."
            ],
        ),
        (
            "CreateRole",
            &[
                ("RoleName", "x"),
                trust,
                ("Tags.member.1.Key", "a"),
                ("Tags.member.2.Key", "A"),
            ],
            expect![
                "400 InvalidInput: Duplicate tag keys found. Please note that Tag keys are case insensitive."
            ],
        ),
        (
            "GetRole",
            &[("RoleName", "none")],
            expect!["404 NoSuchEntity: The role with name none cannot be found."],
        ),
        (
            "UpdateRole",
            &[("RoleName", "none")],
            expect!["404 NoSuchEntity: The role with name none cannot be found."],
        ),
        (
            "TagRole",
            &[("RoleName", "r")],
            expect![
                "400 ValidationError: 1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must not be null"
            ],
        ),
        (
            "TagRole",
            &[
                ("RoleName", "r"),
                ("Tags.member.1.Key", "<"),
                ("Tags.member.1.Value", "v"),
            ],
            expect![[
                r#"400 ValidationError: 1 validation error detected: Value at 'tags.1.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+"#
            ]],
        ),
        (
            "ListRoles",
            &[("MaxItems", "0")],
            expect![
                "400 ValidationError: 1 validation error detected: Value at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1"
            ],
        ),
        (
            "ListRoles",
            &[("Marker", "%%%")],
            expect!["400 ValidationError: Invalid Marker."],
        ),
        (
            "GetRolePolicy",
            &[("RoleName", "r"), ("PolicyName", "none")],
            expect!["404 NoSuchEntity: The role policy with name none cannot be found."],
        ),
        (
            "DeleteRolePolicy",
            &[("RoleName", "r"), ("PolicyName", "none")],
            expect!["404 NoSuchEntity: The role policy with name none cannot be found."],
        ),
        (
            "PutRolePolicy",
            &[
                ("RoleName", "r"),
                ("PolicyName", "in"),
                ("PolicyDocument", "{}"),
            ],
            expect!["400 MalformedPolicyDocument: Syntax errors in policy."],
        ),
        (
            "AttachRolePolicy",
            &[
                ("RoleName", "r"),
                ("PolicyArn", "arn:aws:iam::123456789012:policy/none"),
            ],
            expect![
                "404 NoSuchEntity: Policy arn:aws:iam::123456789012:policy/none does not exist or is not attachable."
            ],
        ),
        (
            "AttachRolePolicy",
            &[("RoleName", "r"), ("PolicyArn", "short")],
            expect![
                "400 ValidationError: 1 validation error detected: Value at 'policyArn' failed to satisfy constraint: Member must have length greater than or equal to 20"
            ],
        ),
        (
            "AttachRolePolicy",
            &[
                ("RoleName", "r"),
                ("PolicyArn", "arn:aws:s3:::long-enough-a-name"),
            ],
            expect!["400 InvalidInput: ARN arn:aws:s3:::long-enough-a-name is not valid."],
        ),
        (
            "DetachRolePolicy",
            &[("RoleName", "r"), ("PolicyArn", ARN)],
            expect!["404 NoSuchEntity: Policy arn:aws:iam::123456789012:policy/p was not found."],
        ),
        (
            "GetPolicy",
            &[("PolicyArn", ARN)],
            expect!["404 NoSuchEntity: Policy arn:aws:iam::123456789012:policy/p was not found."],
        ),
        (
            "ListPolicies",
            &[("Scope", "Mine")],
            expect![
                "400 ValidationError: 1 validation error detected: Value at 'scope' failed to satisfy constraint: Member must satisfy enum value set: [All, AWS, Local]"
            ],
        ),
        (
            "DeletePolicy",
            &[("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess")],
            expect!["403 AccessDenied: Policy is outside your own account."],
        ),
        (
            "Nothing",
            &[],
            expect!["400 InvalidAction: Could not find operation Nothing for version 2010-05-08"],
        ),
        (
            "",
            &[],
            expect!["400 MissingAction: The request must contain the parameter Action."],
        ),
    ];
    for (action, parameters, expected) in cases {
        expected.assert_eq(&call(&iam, action, parameters).await);
    }
    let only = call(&iam, "ListRoles", &[]).await;
    assert_eq!(
        only.matches("<RoleName>").count(),
        1,
        "nothing was stored: {only}"
    );
}
