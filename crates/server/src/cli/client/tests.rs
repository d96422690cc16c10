//! What the client reads in answers.

use super::*;

fn xml(text: &str) -> XmlAnswer {
    XmlAnswer {
        call: "iam GetRole".to_owned(),
        text: text.to_owned(),
    }
}

#[test]
fn an_element_of_an_answer_is_read_unescaped() {
    let answer = xml("<Role><Path>/a&amp;lt;b/</Path><Arn>arn</Arn></Role>");
    assert_eq!(answer.text("Path").expect("it is there"), "/a&lt;b/");
    assert_eq!(
        answer
            .text("Name")
            .expect_err("it is not there")
            .to_string(),
        "iam GetRole: the answer makes no sense: it has no <Name>"
    );
}

#[test]
fn a_refusal_keeps_the_services_name_and_words() {
    let refused =
        xml("<Error><Code>NoSuchEntity</Code><Message>No role &quot;x&quot;.</Message></Error>")
            .into_error(404);
    assert!(refused.is("NoSuchEntity"));
    assert_eq!(
        refused.to_string(),
        "iam GetRole: NoSuchEntity: No role \"x\"."
    );
}

#[test]
fn an_errors_name_has_no_namespace() {
    let body = serde_json::json!({ "__type": "com.amazonaws.swf#InvalidArn", "message": "no" });
    assert!(json_error(String::new(), 400, None, &body).is("InvalidArn"));
    assert!(
        json_error(
            String::new(),
            404,
            Some("NotThere:http://x".to_owned()),
            &body
        )
        .is("NotThere")
    );
}
