//! Which documents IAM refuses, and in which words: facts read from AWS's recorded answers to CreatePolicy,
//! PutRolePolicy and UpdateAssumeRolePolicy.

use iam::check;

const LEGACY: &str = "The policy failed legacy parsing";
const SYNTAX: &str = "Syntax errors in policy.";
const VERSION: &str = "Policy document must be version 2012-10-17 or greater.";
const ACTIONS: &str = "Policy statement must contain actions.";
const RESOURCES: &str = "Policy statement must contain resources.";
const VENDOR: &str = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
const COLONS: &str = "Actions/Condition can contain only one colon.";

fn managed(document: &str) -> String {
    check::managed(document).map_or_else(|error| error.to_string(), |_| "ok".to_owned())
}

/// A managed policy with one statement of these elements.
fn statement(elements: &str) -> String {
    managed(&format!(
        r#"{{"Version":"2012-10-17","Statement":{{{elements}}}}}"#
    ))
}

#[test]
fn the_documents_frame() {
    let good = r#"{"Effect":"Allow","Action":"s3:Get","Resource":"*"}"#;
    for (document, expected) in [
        ("not json".to_owned(), SYNTAX),
        ("[]".to_owned(), SYNTAX),
        (
            format!(r#"{{"Version":"2012-10-17","Statement":{good}}}"#),
            "ok",
        ),
        (
            format!(r#"{{"Version":"2012-10-17","Id":"x","Statement":[{good},{good}]}}"#),
            "ok",
        ),
        (format!(r#"{{"Statement":{good}}}"#), VERSION),
        (
            format!(r#"{{"Version":"2008-10-17","Statement":{good}}}"#),
            VERSION,
        ),
        (
            format!(r#"{{"Version":"2013-10-17","Statement":{good}}}"#),
            SYNTAX,
        ),
        (r#"{"Version":"2012-10-17"}"#.to_owned(), SYNTAX),
        (
            r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned(),
            SYNTAX,
        ),
        (
            r#"{"Version":"2012-10-17","Statement":["x"]}"#.to_owned(),
            SYNTAX,
        ),
        (
            format!(r#"{{"Version":"2012-10-17","Statement":{good},"More":1}}"#),
            SYNTAX,
        ),
        (
            format!(r#"{{"Version":"2012-10-17","Id":{{}},"Statement":{good}}}"#),
            SYNTAX,
        ),
        (
            format!(
                r#"{{"Version":"2012-10-17","Statement":{}1{}}}"#,
                "[".repeat(500),
                "]".repeat(500)
            ),
            SYNTAX,
        ),
    ] {
        assert_eq!(managed(&document), expected, "{document}");
    }
}

#[test]
fn the_elements_of_a_statement() {
    for (elements, expected) in [
        (
            r#""Effect":"maybe","Action":"s3:Get","Resource":"*""#,
            SYNTAX,
        ),
        (r#""Action":"s3:Get","Resource":"*""#, SYNTAX),
        (
            r#""Effect":"denY","Action":"s3:Get","Resource":"*""#,
            LEGACY,
        ),
        (
            r#""Effect":"Allow","Action":"s3:Get","Resource":"*","More":1"#,
            SYNTAX,
        ),
        (
            r#""Effect":"Allow","Action":"s3:Get","NotAction":"s3:Put","Resource":"*""#,
            SYNTAX,
        ),
        (
            r#""Effect":"Allow","Action":"s3:Get","Resource":"*","NotResource":[]"#,
            SYNTAX,
        ),
        (r#""Effect":"Allow","Action":[[]],"Resource":"*""#, SYNTAX),
        (
            r#""Effect":"Allow","Action":"s3:Get","Resource":{"a":"*"}"#,
            SYNTAX,
        ),
        (
            r#""Sid":[],"Effect":"Allow","Action":"s3:Get","Resource":"*""#,
            SYNTAX,
        ),
        (r#""Effect":"Allow","Resource":"*""#, ACTIONS),
        (r#""Effect":"Allow","Action":[],"Resource":"*""#, ACTIONS),
        (r#""Effect":"Allow","Action":"s3:Get""#, RESOURCES),
        (
            r#""Effect":"Allow","Action":"s3:Get","Resource":[]"#,
            RESOURCES,
        ),
        (r#""Effect":"Allow","Action":"invalid""#, RESOURCES),
        (
            r#""Effect":"Allow","Action":"invalid","Resource":"*""#,
            VENDOR,
        ),
        (r#""Effect":"Allow","NotAction":"","Resource":"*""#, VENDOR),
        (
            r#""Effect":"Allow","Action":"a a:Get","Resource":"*""#,
            "Vendor a a is not valid",
        ),
        (
            r#""Effect":"Allow","Action":"s3:Get:Object","Resource":"*""#,
            COLONS,
        ),
        (
            r#""Effect":"Allow","Action":"iam: any thing ","Resource":"*""#,
            "ok",
        ),
        (
            r#""Effect":"Allow","Action":"s3.s-s:Get","Resource":"*""#,
            "ok",
        ),
        (r#""Effect":"Deny","Action":"*","NotResource":"*""#, "ok"),
        (
            r#""Effect":"Allow","Principal":"*","Action":"s3:Get","Resource":"*""#,
            "Policy document should not specify a principal.",
        ),
    ] {
        assert_eq!(statement(elements), expected, "{elements}");
    }
}

#[test]
fn the_resources_of_a_statement() {
    let paths = "IAM resource path must either be \"*\", root, or start with user/, federated-user/, role/, group/, \
                 instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, \
                 report/, access-report/.";
    for (resource, expected) in [
        ("no arn", "Resource no arn must be in ARN format or \"*\"."),
        ("", "Resource  must be in ARN format or \"*\"."),
        (
            "a:bb",
            "Partition \"bb\" is not valid for resource \"arn:bb:*:*:*:*\".",
        ),
        (
            "a:b:cc",
            "Partition \"b\" is not valid for resource \"arn:b:cc:*:*:*\".",
        ),
        (
            "a:b:c:d:e:f:g:h",
            "Partition \"b\" is not valid for resource \"arn:b:c:d:e:f:g:h\".",
        ),
        (
            "aws:s3:::bucket",
            "Partition \"s3\" is not valid for resource \"arn:s3:::bucket:*\".",
        ),
        (
            "arn:aws",
            "Resource vendor must be fully qualified and cannot contain regexes.",
        ),
        ("arn:aws:anything", "ok"),
        ("arn:aws:s3::bucket", LEGACY),
        ("arn:aws::::bucket", LEGACY),
        ("arn:aws::bucket", LEGACY),
        ("arn:aws:iam:::thing", paths),
        ("arn:aws:iam:::user/thing", "ok"),
        ("arn:aws:iam::*:root", "ok"),
        (
            "arn:aws:iam:us-east-1::thing",
            "IAM resource arn:aws:iam:us-east-1::thing cannot contain region information.",
        ),
        (
            "arn:aws:s3:us-east-1::bucket",
            "Resource arn:aws:s3:us-east-1::bucket can not contain region information.",
        ),
        ("arn:aws:s3:us-west-2:123456789012:accesspoint/a", "ok"),
        ("arn:aws:ec2:us-east-1::thing", "ok"),
        ("arn:aws:lambda:*:*:function:*", "ok"),
    ] {
        assert_eq!(
            statement(&format!(
                r#""Effect":"Allow","Action":"s3:Get","Resource":"{resource}""#
            )),
            expected,
            "{resource}"
        );
    }
}

#[test]
fn the_conditions_of_a_statement() {
    for (condition, expected) in [
        (r#"[]"#, SYNTAX),
        (r#""a""#, SYNTAX),
        (r#"{"a":"b"}"#, SYNTAX),
        (r#"{"DateGreaterThan":[]}"#, SYNTAX),
        (r#"{"DateGreaterThan":{"a":{}}}"#, SYNTAX),
        (r#"{"x":{"a":"1"}}"#, SYNTAX),
        (r#"{"ForAnyValue::StringEqualsIfExists":{"a":"b"}}"#, SYNTAX),
        (r#"{}"#, "ok"),
        (r#"{"x":{},"y":{}}"#, "ok"),
        (r#"{"DateGreaterThan":{"a":[]}}"#, "ok"),
        (r#"{"ForAnyValue:StringEqualsIfExists":{"a":"b"}}"#, "ok"),
        (
            r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":false}}"#,
            "ok",
        ),
    ] {
        let elements =
            format!(r#""Effect":"Allow","Action":"s3:Get","Resource":"*","Condition":{condition}"#);
        assert_eq!(statement(&elements), expected, "{condition}");
    }
}

#[test]
fn the_dates_of_a_condition() {
    let bad = [
        "word",
        "234-13",
        "2016-12-13t2:00:00.593194+1",
        "2016-12-13t2:00:00.1999999999+10:59",
        "9223372036854775808",
    ];
    let good = [
        "01T",
        "2019-07-01T13:20:15Z",
        "2016-12-13T21:20:37.593194+00:00",
        "2016-12-13t2:00:00.593194+23",
        "-292275054",
        "0",
    ];
    for (dates, expected) in [(bad.as_slice(), LEGACY), (good.as_slice(), "ok")] {
        for date in dates {
            let elements = format!(
                r#""Effect":"Allow","Action":"s3:Get","Resource":"*","Condition":{{"DateLessThan":{{"a":"{date}"}}}}"#
            );
            assert_eq!(statement(&elements), expected, "{date}");
        }
    }
}

#[test]
fn the_order_of_the_checks() {
    let sids = |second: &str| {
        managed(&format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"a","Effect":"Allow","Action":"s3:Get","Resource":"*"}},{second}]}}"#
        ))
    };
    assert_eq!(
        sids(r#"{"Sid":"a","Effect":"Allow"}"#),
        "Statement IDs (SID) in a single policy must be unique."
    );
    assert_eq!(sids(r#"{"Sid":"a","Effect":"aLLow"}"#), LEGACY);
    assert_eq!(sids(r#"{"Sid":"b","Effect":"Deny"}"#), ACTIONS);
    assert_eq!(
        statement(r#""Effect":"Allow","Action":"s:3:Get","Resource":"x""#),
        "Resource x must be in ARN format or \"*\"."
    );
    assert_eq!(
        statement(r#""Effect":"Allow","Resource":"arn:aws:s3::x""#),
        LEGACY
    );
}

#[test]
fn an_inline_policy_may_be_of_the_older_version() {
    for version in ["", r#""Version":"2008-10-17","#] {
        let document = format!(
            r#"{{{version}"Statement":{{"Effect":"Allow","Action":"s3:Get","Resource":"*"}}}}"#
        );
        assert!(check::inline(&document).is_ok(), "{document}");
    }
}

#[test]
fn trust_policies() {
    let states = r#""Principal":{"Service":"states.amazonaws.com"}"#;
    let cases = [
        (format!(r#""Effect":"Allow",{states},"Action":"sts:AssumeRole""#), "ok"),
        (format!(r#""Effect":"Allow",{states},"Action":["sts:AssumeRole","sts:TagSession"]"#), "ok"),
        (format!(r#""Effect":"Allow",{states},"Action":"sts:*""#), "ok"),
        (r#""Effect":"Allow","Principal":"*","Action":"sts:AssumeRole""#.to_owned(), "ok"),
        (r#""Effect":"Allow","Principal":{"AWS":["123456789012","arn:aws:iam::123456789012:root"]},"Action":"sts:AssumeRole""#.to_owned(), "ok"),
        (format!(r#""Effect":"Allow",{states},"Action":"sts:Invalid""#), "AssumeRole policy may only specify STS AssumeRole actions."),
        (format!(r#""Effect":"Allow",{states},"Action":"lambda:InvokeFunction""#), "AssumeRole policy may only specify STS AssumeRole actions."),
        (format!(r#""Effect":"Allow",{states},"Action":"sts:AssumeRole","Resource":"*""#), "Has prohibited field Resource"),
        (r#""Effect":"Allow","Action":"sts:AssumeRole""#.to_owned(), "Missing required field Principal"),
        (format!(r#""Effect":"Allow",{states}"#), "Missing required field Action"),
        (format!(r#"{states},"Action":"sts:AssumeRole""#), "Missing required field Effect"),
        (format!(r#""Effect":"Allow",{states},"Action":"sts:AssumeRole","Resources":1"#), "Unknown field Resources"),
        (r#""Effect":"Allow","Principal":{"Service":"states"},"Action":"sts:AssumeRole""#.to_owned(), "Invalid principal in policy: \"SERVICE\":\"states\""),
        (r#""Effect":"Allow","Principal":{"AWS":"nobody"},"Action":"sts:AssumeRole""#.to_owned(), "Invalid principal in policy: \"AWS\":\"nobody\""),
    ];
    for (elements, expected) in cases {
        let document = format!(r#"{{"Version":"2012-10-17","Statement":[{{{elements}}}]}}"#);
        let answer =
            check::trust(&document).map_or_else(|error| error.to_string(), |_| "ok".to_owned());
        assert_eq!(answer, expected, "{document}");
    }
    assert_eq!(
        check::trust("not json").unwrap_err().to_string(),
        "This policy contains invalid Json"
    );
}
