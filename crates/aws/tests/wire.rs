//! Errors in every protocol, the query protocol both ways, and the framework's validation words.

#![allow(clippy::unwrap_used)]

use aws::error::{ApiError, JsonVersion, Rendered};
use aws::query::{self, Params};
use aws::validate::Violations;
use aws::xml::Xml;
use expect_test::{Expect, expect};

fn check(rendered: &Rendered, expected: Expect) {
    let headers: String = rendered
        .headers
        .iter()
        .map(|(n, v)| format!("{n}: {v}\n"))
        .collect();
    let body = String::from_utf8(rendered.body.to_vec()).unwrap();
    expected.assert_eq(&format!(
        "{} {}\n{headers}{body}\n",
        rendered.status, rendered.content_type
    ));
}

#[test]
fn json_errors_name_their_shape() {
    let error = ApiError::sender(
        400,
        "StateMachineDoesNotExist",
        "State Machine Does Not Exist: 'a \"b\"'",
    )
    .in_namespace("com.amazonaws.swf.service.v2.model")
    .with("reason", "X");
    check(
        &error.render_json(JsonVersion::V1_0),
        expect![[r#"
        400 application/x-amz-json-1.0
        {"__type":"com.amazonaws.swf.service.v2.model#StateMachineDoesNotExist","message":"State Machine Does Not Exist: 'a \"b\"'","reason":"X"}
    "#]],
    );
    check(
        &ApiError::bare(400, "SerializationException").render_json(JsonVersion::V1_1),
        expect![[r#"
        400 application/x-amz-json-1.1
        {"__type":"SerializationException"}
    "#]],
    );
}

#[test]
fn rest_json_errors_spell_their_members_as_lambda_does() {
    check(
        &ApiError::sender(404, "ResourceNotFoundException", "Function not found: f")
            .render_rest_json(),
        expect![[r#"
        404 application/json
        x-amzn-ErrorType: ResourceNotFoundException
        {"Type":"User","Message":"Function not found: f"}
    "#]],
    );
    check(
        &ApiError::sender(
            409,
            "ResourceConflictException",
            "Function already exist: f",
        )
        .render_rest_json(),
        expect![[r#"
        409 application/json
        x-amzn-ErrorType: ResourceConflictException
        {"Type":"User","message":"Function already exist: f"}
    "#]],
    );
    check(
        &ApiError::receiver(500, "ServiceException", "oh").render_rest_json(),
        expect![[r#"
        500 application/json
        x-amzn-ErrorType: ServiceException
        {"Type":"Service","Message":"oh"}
    "#]],
    );
    check(
        &ApiError::sender(400, "ValidationException", "1 validation error").render_rest_json(),
        expect![[r#"
        400 application/json
        x-amzn-ErrorType: ValidationException
        {"message":"1 validation error"}
    "#]],
    );
}

#[test]
fn query_errors_are_xml() {
    let error = ApiError::sender(
        404,
        "NoSuchEntity",
        "The role with name <x> & \u{1}y cannot be found.",
    );
    check(
        &error.render_query("https://iam.amazonaws.com/doc/2010-05-08/", "id-1"),
        expect![[r#"
        404 text/xml
        <ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The role with name &lt;x&gt; &amp; �y cannot be found.</Message></Error><RequestId>id-1</RequestId></ErrorResponse>
    "#]],
    );
}

#[test]
fn a_query_body_has_scalars_lists_and_structures() {
    let body = "Action=CreateRole&RoleName=a+b%2B&Tags.member.2.Key=k2&Tags.member.2.Value=v%3D2&Tags.member.1.Key=k1\
                &Tags.member.1.Value=&Names.member.10=j&Names.member.9=i&Empty=&RoleName=second";
    let params = Params::decode([body]).unwrap();
    assert_eq!(params.get("RoleName"), Some("a b+"));
    let tags: Vec<_> = params.structures("Tags").unwrap();
    let tags: Vec<_> = tags
        .iter()
        .map(|tag| (tag.get("Key"), tag.get("Value")))
        .collect();
    assert_eq!(tags, [(Some("k1"), Some("")), (Some("k2"), Some("v=2"))]);
    assert_eq!(params.list("Names").unwrap(), ["i", "j"]);
    assert_eq!(params.list("Empty").unwrap(), [""; 0]);
    assert_eq!(params.list("Missing"), None);
}

#[test]
fn hostile_query_bodies_are_bounded() {
    let many: String = (0..5000).map(|i| format!("a{i}=1&")).collect();
    assert!(Params::decode([many.as_str()]).is_err());
    let odd = Params::decode(["%=%zz&=x&&Tags.member.99999999999.Key=a&Tags.member.x=1&%ff=%ff"])
        .unwrap();
    assert_eq!(odd.structures("Tags"), None);
    assert_eq!(odd.get("%"), Some("%zz"));
}

#[test]
fn a_query_answer_has_an_envelope() {
    let mut xml = Xml::default();
    xml.element("Role", |xml| xml.leaf("Path", "/"));
    xml.list("Tags", ["a", "b"], |xml, key| xml.leaf("Key", key));
    check(
        &query::answer("urn:x", "GetRole", "id", Ok(Some(xml))),
        expect![[r#"
        200 text/xml
        <GetRoleResponse xmlns="urn:x"><GetRoleResult><Role><Path>/</Path></Role><Tags><member><Key>a</Key></member><member><Key>b</Key></member></Tags></GetRoleResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></GetRoleResponse>
    "#]],
    );
    check(
        &query::answer("urn:x", "TagRole", "id", Ok(None)),
        expect![[r#"
        200 text/xml
        <TagRoleResponse xmlns="urn:x"><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></TagRoleResponse>
    "#]],
    );
}

#[test]
fn broken_constraints_are_listed_in_the_frameworks_words() {
    let mut one = Violations::default();
    one.required("stateMachineArn", None::<&str>);
    expect!["1 validation error detected: Value null at 'stateMachineArn' failed to satisfy constraint: Member must not be null"]
        .assert_eq(&one.message().unwrap());
    let mut more = Violations::default();
    more.range("maxResults", 1001, 0, 1000);
    more.length("name", "", 1, 80);
    more.one_of("statusFilter", "X", &["SUCCEEDED", "FAILED"]);
    more.range("fine", 5, 0, 10);
    expect!["3 validation errors detected: Value '1001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000; Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1; Value 'X' at 'statusFilter' failed to satisfy constraint: Member must satisfy enum value set: [SUCCEEDED, FAILED]"]
        .assert_eq(&more.message().unwrap());
    let mut quiet = Violations::quiet();
    quiet.range("maxItems", 1001, 1, 1000);
    quiet.required("roleName", None::<&str>);
    expect!["2 validation errors detected: Value at 'maxItems' failed to satisfy constraint: Member must have value less than or equal to 1000; Value at 'roleName' failed to satisfy constraint: Member must not be null"]
        .assert_eq(&quiet.message().unwrap());
    assert_eq!(Violations::default().check(|message| message), Ok(()));
}

#[test]
fn times_are_printed_in_every_form() {
    let time: jiff::Timestamp = "2026-11-22T19:30:00.0429Z".parse().unwrap();
    let forms = [
        aws::time::amz_date(time),
        aws::time::iso_seconds(time),
        aws::time::iso_millis(time),
        aws::time::lambda_millis(time),
        aws::time::http_date(time),
    ];
    expect![[r#"
        [
            "20261122T193000Z",
            "2026-11-22T19:30:00Z",
            "2026-11-22T19:30:00.042Z",
            "2026-11-22T19:30:00.042+0000",
            "Sun, 22 Nov 2026 19:30:00 GMT",
        ]
    "#]]
    .assert_debug_eq(&forms);
}
