//! What policies allow, by example.
#![allow(clippy::unwrap_used)]

use iam::{Caller, Context, Decision, Policy, Request, evaluate, trusts};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:charge";

fn policy(statements: &str) -> Policy {
    Policy::parse(&format!(
        r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#
    ))
    .unwrap()
}

fn decide(statements: &str, action: &str, resource: &str, context: &Context) -> Decision {
    let caller = Caller::Aws {
        arn: "arn:aws:iam::123456789012:role/states".into(),
        account: "123456789012".into(),
    };
    evaluate(
        [&policy(statements)],
        &Request {
            caller: &caller,
            action,
            resource,
            context,
        },
    )
}

#[test]
fn a_deny_wins_over_an_allow_and_silence_is_no_allow() {
    let allow = r#"{"Effect":"Allow","Action":"lambda:*","Resource":"*"}"#;
    let deny = r#"{"Effect":"Deny","Action":"lambda:InvokeFunction","Resource":"*"}"#;
    let none = Context::default();
    assert_eq!(
        decide(allow, "lambda:InvokeFunction", FUNCTION, &none),
        Decision::Allow
    );
    assert_eq!(
        decide(
            &format!("{allow},{deny}"),
            "lambda:InvokeFunction",
            FUNCTION,
            &none
        ),
        Decision::ExplicitDeny
    );
    assert_eq!(
        decide(allow, "sqs:SendMessage", "*", &none),
        Decision::ImplicitDeny
    );
}

#[test]
fn actions_match_without_case_and_with_wildcards() {
    for (clause, action, allowed) in [
        (
            r#""Action":"LAMBDA:invokefunction""#,
            "lambda:InvokeFunction",
            true,
        ),
        (
            r#""Action":"lambda:Invoke*""#,
            "lambda:InvokeFunction",
            true,
        ),
        (
            r#""Action":"lambda:Invoke?unction""#,
            "lambda:InvokeFunction",
            true,
        ),
        (r#""Action":["sqs:*","sns:*"]"#, "sns:Publish", true),
        (r#""Action":"*""#, "sns:Publish", true),
        (r#""Action":"lambda:Get*""#, "lambda:InvokeFunction", false),
        (r#""NotAction":"iam:*""#, "lambda:InvokeFunction", true),
        (r#""NotAction":"lambda:*""#, "lambda:InvokeFunction", false),
    ] {
        let decision = decide(
            &format!(r#"{{"Effect":"Allow",{clause},"Resource":"*"}}"#),
            action,
            FUNCTION,
            &Context::default(),
        );
        assert_eq!(decision == Decision::Allow, allowed, "{clause} {action}");
    }
}

#[test]
fn resources_match_part_by_part() {
    for (clause, resource, allowed) in [
        (r#""Resource":"*""#, FUNCTION, true),
        (
            r#""Resource":"arn:aws:lambda:us-east-1:123456789012:function:charge""#,
            FUNCTION,
            true,
        ),
        (
            r#""Resource":"arn:aws:lambda:*:*:function:ch*""#,
            FUNCTION,
            true,
        ),
        (
            r#""Resource":"arn:aws:lambda:*:function:charge""#,
            FUNCTION,
            false,
        ),
        (
            r#""Resource":"arn:aws:lambda:us-east-1:123456789012:function:Charge""#,
            FUNCTION,
            false,
        ),
        (
            r#""Resource":"arn:aws:lambda:*:*:function:charge:*""#,
            FUNCTION,
            false,
        ),
        (
            r#""Resource":"arn:aws:lambda:*:*:function:charge:*""#,
            "arn:aws:lambda:us-east-1:123456789012:function:charge:7",
            true,
        ),
        (
            r#""Resource":"arn:aws:s3:::bucket/*""#,
            "arn:aws:s3:::bucket/a/b:c",
            true,
        ),
        (
            r#""NotResource":"arn:aws:lambda:*:*:function:ch*""#,
            FUNCTION,
            false,
        ),
        (
            r#""NotResource":"arn:aws:lambda:*:*:function:x""#,
            FUNCTION,
            true,
        ),
        (
            r#""Resource":"arn:aws:s3:::${aws:username}/*""#,
            "arn:aws:s3:::ann/x",
            true,
        ),
        (
            r#""Resource":"arn:aws:s3:::${aws:username}/*""#,
            "arn:aws:s3:::bob/x",
            false,
        ),
        (
            r#""Resource":"arn:aws:s3:::${aws:unknown}/*""#,
            "arn:aws:s3:::ann/x",
            false,
        ),
        (
            r#""Resource":"arn:aws:s3:::${aws:unknown, 'ann'}/*""#,
            "arn:aws:s3:::ann/x",
            true,
        ),
        (
            r#""Resource":"arn:aws:s3:::a${*}b""#,
            "arn:aws:s3:::a*b",
            true,
        ),
        (
            r#""Resource":"arn:aws:s3:::a${*}b""#,
            "arn:aws:s3:::axb",
            false,
        ),
    ] {
        let context = Context::default().with("aws:username", "ann");
        let decision = decide(
            &format!(r#"{{"Effect":"Allow","Action":"*",{clause}}}"#),
            "x:Y",
            resource,
            &context,
        );
        assert_eq!(decision == Decision::Allow, allowed, "{clause} {resource}");
    }
}

#[test]
fn a_hostile_pattern_costs_little() {
    let stars = "*a".repeat(3000);
    let statement =
        format!(r#"{{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::{stars}b"}}"#);
    let resource = format!("arn:aws:s3:::{}", "a".repeat(2000));
    assert_eq!(
        decide(&statement, "s3:Get", &resource, &Context::default()),
        Decision::ImplicitDeny
    );
}

fn holds(condition: &str, context: &Context) -> bool {
    let statement =
        format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}}}"#);
    decide(&statement, "x:Y", "*", context) == Decision::Allow
}

#[test]
fn every_operator_compares_in_its_way() {
    let context = Context::default()
        .with("aws:username", "Ann")
        .with(
            "aws:SourceArn",
            "arn:aws:states:us-east-1:123456789012:stateMachine:order",
        )
        .with("aws:SourceIp", "10.1.2.3")
        .with("x:ip6", "2001:db8::1")
        .with("x:n", "10")
        .with("aws:CurrentTime", "2026-11-22T19:30:00Z")
        .with("aws:SecureTransport", "true")
        .with_many("aws:TagKeys", ["team".to_owned(), "cost".to_owned()]);
    for (condition, expected) in [
        (r#"{"StringEquals":{"AWS:UserName":"Ann"}}"#, true),
        (r#"{"StringEquals":{"aws:username":["x","Ann"]}}"#, true),
        (r#"{"StringEquals":{"aws:username":"A*"}}"#, false),
        (r#"{"StringEqualsIgnoreCase":{"aws:username":"ANN"}}"#, true),
        (r#"{"StringNotEquals":{"aws:username":["x","Ann"]}}"#, false),
        (r#"{"StringLike":{"aws:username":"A?n*"}}"#, true),
        (r#"{"StringNotLike":{"aws:username":"B*"}}"#, true),
        (
            r#"{"StringEquals":{"aws:username":"${aws:username}"}}"#,
            true,
        ),
        (
            r#"{"ArnLike":{"aws:SourceArn":"arn:aws:states:*:123456789012:stateMachine:*"}}"#,
            true,
        ),
        (
            r#"{"ArnEquals":{"aws:SourceArn":"arn:aws:states:*:1:stateMachine:*"}}"#,
            false,
        ),
        (
            r#"{"ArnNotLike":{"aws:SourceArn":"arn:aws:sns:*:*:*"}}"#,
            true,
        ),
        (r#"{"NumericEquals":{"x:n":"10.0"}}"#, true),
        (r#"{"NumericLessThan":{"x:n":10}}"#, false),
        (r#"{"NumericLessThanEquals":{"x:n":10}}"#, true),
        (r#"{"NumericGreaterThan":{"x:n":9}}"#, true),
        (r#"{"NumericNotEquals":{"x:n":9}}"#, true),
        (r#"{"NumericEquals":{"aws:username":9}}"#, false),
        (r#"{"DateLessThan":{"aws:CurrentTime":"2027-01-01"}}"#, true),
        (
            r#"{"DateGreaterThan":{"aws:CurrentTime":"1795375799"}}"#,
            true,
        ),
        (
            r#"{"DateEquals":{"aws:CurrentTime":"2026-11-22T20:30:00+01:00"}}"#,
            true,
        ),
        (
            r#"{"DateGreaterThan":{"aws:CurrentTime":"2026-11-22T19:30:00.001Z"}}"#,
            false,
        ),
        (r#"{"Bool":{"aws:SecureTransport":true}}"#, true),
        (r#"{"Bool":{"aws:SecureTransport":"false"}}"#, false),
        (r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, true),
        (r#"{"IpAddress":{"aws:SourceIp":"10.1.2.4"}}"#, false),
        (r#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#, true),
        (r#"{"NotIpAddress":{"aws:SourceIp":["10.0.0.0/8"]}}"#, false),
        (r#"{"IpAddress":{"x:ip6":"2001:db8::/32"}}"#, true),
        (r#"{"IpAddress":{"x:ip6":"10.0.0.0/8"}}"#, false),
        (r#"{"Null":{"aws:username":"false"}}"#, true),
        (r#"{"Null":{"aws:TokenIssueTime":"true"}}"#, true),
        (r#"{"Null":{"aws:username":true}}"#, false),
        (r#"{"StringEquals":{"x:absent":"a"}}"#, false),
        (r#"{"StringNotEquals":{"x:absent":"a"}}"#, true),
        (r#"{"StringEqualsIfExists":{"x:absent":"a"}}"#, true),
        (r#"{"StringEqualsIfExists":{"aws:username":"a"}}"#, false),
        (
            r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["team","cost","x"]}}"#,
            true,
        ),
        (
            r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}"#,
            false,
        ),
        (
            r#"{"ForAllValues:StringEquals":{"x:absent":["team"]}}"#,
            true,
        ),
        (
            r#"{"ForAnyValue:StringEquals":{"aws:TagKeys":["team"]}}"#,
            true,
        ),
        (
            r#"{"ForAnyValue:StringEquals":{"x:absent":["team"]}}"#,
            false,
        ),
        (
            r#"{"ForAnyValue:StringEqualsIfExists":{"x:absent":["team"]}}"#,
            true,
        ),
        (
            r#"{"StringEquals":{"aws:username":"Ann"},"Bool":{"aws:SecureTransport":"false"}}"#,
            false,
        ),
        (r#"{"x":{}}"#, true),
    ] {
        assert_eq!(holds(condition, &context), expected, "{condition}");
    }
}

#[test]
fn variables_are_text_in_the_older_version() {
    let old = Policy::parse(
        r#"{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}"}}"#,
    )
    .unwrap();
    let context = Context::default().with("aws:username", "ann");
    let ask = |resource| {
        evaluate(
            [&old],
            &Request {
                caller: &Caller::Anonymous,
                action: "s3:Get",
                resource,
                context: &context,
            },
        )
    };
    assert_eq!(ask("arn:aws:s3:::ann"), Decision::ImplicitDeny);
    assert_eq!(ask("arn:aws:s3:::${aws:username}"), Decision::Allow);
}

#[test]
fn principals_are_compared_by_kind() {
    let session = || Caller::Aws {
        arn: "arn:aws:sts::123456789012:assumed-role/states/s1".into(),
        account: "123456789012".into(),
    };
    let service = |name: &str| Caller::Service(name.into());
    for (principal, caller, expected) in [
        (r#""*""#, Caller::Anonymous, true),
        (r#"{"AWS":"*"}"#, session(), true),
        (r#"{"AWS":"*"}"#, service("states.amazonaws.com"), false),
        (r#"{"AWS":"123456789012"}"#, session(), true),
        (
            r#"{"AWS":"arn:aws:iam::123456789012:root"}"#,
            session(),
            true,
        ),
        (
            r#"{"AWS":"arn:aws:iam::210987654321:root"}"#,
            session(),
            false,
        ),
        (
            r#"{"AWS":"arn:aws:iam::123456789012:role/path/states"}"#,
            session(),
            true,
        ),
        (
            r#"{"AWS":"arn:aws:iam::123456789012:role/other"}"#,
            session(),
            false,
        ),
        (
            r#"{"Service":["ec2.amazonaws.com","lambda.amazonaws.com"]}"#,
            service("lambda.amazonaws.com"),
            true,
        ),
        (
            r#"{"Federated":"cognito-identity.amazonaws.com"}"#,
            Caller::Federated("cognito-identity.amazonaws.com".into()),
            true,
        ),
    ] {
        let policy = policy(&format!(
            r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}"#
        ));
        let request = Request {
            caller: &caller,
            action: "sts:AssumeRole",
            resource: "*",
            context: &Context::default(),
        };
        assert_eq!(
            evaluate([&policy], &request) == Decision::Allow,
            expected,
            "{principal} {caller:?}"
        );
    }
}

#[test]
fn a_role_trusts_the_service_its_policy_names() {
    let source = Context::default().with("aws:SourceAccount", "123456789012");
    for (statements, expected) in [
        (
            r#"{"Effect":"Allow","Principal":{"Service":"states.amazonaws.com"},"Action":"sts:AssumeRole"}"#,
            true,
        ),
        (
            r#"{"Effect":"Allow","Principal":{"Service":"states.us-east-1.amazonaws.com"},"Action":["sts:AssumeRole"]}"#,
            true,
        ),
        (
            r#"{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com","states.amazonaws.com"]},"Action":"sts:*"}"#,
            true,
        ),
        (
            r#"{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}"#,
            false,
        ),
        (
            r#"{"Effect":"Allow","Principal":{"Service":"states.amazonaws.com"},"Action":"sts:TagSession"}"#,
            false,
        ),
        (
            r#"{"Effect":"Deny","Principal":{"Service":"states.amazonaws.com"},"Action":"sts:AssumeRole"}"#,
            false,
        ),
        (
            r#"{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}"#,
            false,
        ),
        (
            r#"{"Effect":"Allow","Principal":{"Service":"states.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}}"#,
            true,
        ),
        (
            r#"{"Effect":"Allow","Principal":{"Service":"states.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"210987654321"}}}"#,
            false,
        ),
    ] {
        assert_eq!(
            trusts(
                &policy(statements),
                "states.amazonaws.com",
                "sts:AssumeRole",
                &source
            ),
            expected,
            "{statements}"
        );
    }
}
