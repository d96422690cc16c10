//! ARNs, roles and the ways to name a function.

#![allow(clippy::unwrap_used)]

use aws::Arn;
use aws::arn::{ArnError, FunctionRef, RoleArn, is_region, partition_of};

#[test]
fn an_arn_is_read_and_printed() {
    for text in [
        "arn:aws:states:us-east-1:123456789012:stateMachine:order:7",
        "arn:aws:iam::aws:policy/service-role/AWSLambdaRole",
        "arn:aws:states:::lambda:invoke",
        "arn:aws-cn:lambda:cn-north-1:123456789012:function:f",
    ] {
        assert_eq!(text.parse::<Arn>().unwrap().to_string(), text);
    }
    let arn: Arn = "arn:aws:states:us-east-1:123456789012:stateMachine:order:7"
        .parse()
        .unwrap();
    assert_eq!(
        (arn.resource_type(), arn.resource_id()),
        ("stateMachine", Some("order:7"))
    );
}

#[test]
fn what_is_not_an_arn_says_why() {
    let long = format!("arn:aws:iam::123456789012:role/{}", "x".repeat(3000));
    for (text, error) in [
        ("", ArnError::Prefix),
        ("not an arn", ArnError::Prefix),
        ("arn:aws:states", ArnError::Parts),
        ("arn:aws:states:us-east-1:123456789012", ArnError::Parts),
        (
            "arn::states:us-east-1:123456789012:x",
            ArnError::PartitionOrService,
        ),
        ("arn:aws:states:us-east-1:123456789012:", ArnError::Resource),
        (
            "arn:aws:states:us-east-1:123456789012:a\nb",
            ArnError::Malformed,
        ),
        (&long, ArnError::Malformed),
    ] {
        assert_eq!(text.parse::<Arn>(), Err(error), "{text}");
    }
}

#[test]
fn a_role_has_path_and_name() {
    for (text, path, name) in [
        ("arn:aws:iam::123456789012:role/states", "/", "states"),
        (
            "arn:aws:iam::123456789012:role/service-role/a/states",
            "/service-role/a/",
            "states",
        ),
    ] {
        let role: RoleArn = text.parse().unwrap();
        assert_eq!((role.path.as_str(), role.name.as_str()), (path, name));
        assert_eq!(role.to_string(), text);
    }
    for text in [
        "arn:aws:iam::123456789012:user/x",
        "arn:aws:iam::12345:role/x",
        "arn:aws:iam::123456789012:role/",
    ] {
        assert!(text.parse::<RoleArn>().is_err(), "{text}");
    }
}

#[test]
fn a_function_is_named_in_many_ways() {
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
    for (text, name, qualifier) in [
        ("f", "f", None),
        ("f:PROD", "f", Some("PROD")),
        ("function:f", "f", None),
        ("function:f:1", "f", Some("1")),
        ("123456789012:function:f", "f", None),
        ("123456789012:function:f:$LATEST", "f", Some("$LATEST")),
        (arn, "f", None),
        (
            "arn:aws:lambda:us-east-1:123456789012:function:f:7",
            "f",
            Some("7"),
        ),
    ] {
        let function = FunctionRef::parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(
            (function.name.as_str(), function.qualifier.as_deref()),
            (name, qualifier),
            "{text}"
        );
        assert_eq!(
            function.arn("us-east-1", "123456789012").to_string(),
            arn,
            "{text}"
        );
    }
}

#[test]
fn what_names_no_function_is_refused() {
    let long = "x".repeat(65);
    for text in [
        "",
        "a b",
        "f:",
        ":f",
        "a:b:c:d:e",
        "arn:aws:lambda:us-east-1:123456789012:layer:f",
        "f:a:b",
        "ä",
        &long,
    ] {
        assert_eq!(FunctionRef::parse(text), None, "{text}");
    }
}

#[test]
fn regions_have_a_form_and_a_partition() {
    assert!(is_region("us-east-1") && is_region("local"));
    assert!(!is_region("") && !is_region("US-EAST-1") && !is_region("../x") && !is_region("-a"));
    assert_eq!(
        [
            partition_of("cn-north-1"),
            partition_of("us-gov-west-1"),
            partition_of("")
        ],
        ["aws-cn", "aws-us-gov", "aws"]
    );
}
