//! Where in the text a diagnostic is.

use expect_test::expect;
use expr::json::locate;

#[test]
fn a_diagnostic_leads_to_its_value() {
    let text = r#"{
  "StartAt": "C",
  "Comment": 1,
  "States": {
    "C": {"Type": "Choice", "Choices": [
      {"Variable": "$.a", "IsNull": "x", "Next": "Gone"},
      {"Variable": "$.a", "IsNull": true, "Next": "P", "Nxt": "typo"}
    ]},
    "P": {"Type": "Pass", "Parameters": {"list": [{"a.$": "bad"}]}, "End": true}
  }
}"#;
    let lines: Vec<String> = asl::validate(text, &asl::Options::default())
        .iter()
        .map(|diagnostic| {
            let range = locate(text, &diagnostic.path).expect("the path leads somewhere");
            let line = text[..range.start].lines().count();
            format!("{line}: {} -> {}", diagnostic.message, &text[range])
        })
        .collect();
    expect![[r#"
        3: Expected value of type [STRING] -> 1
        6: Expected value of type [BOOLEAN] -> "x"
        7: Field 'Nxt' is not supported -> "typo"
        9: The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call -> {"a.$": "bad"}
        6: Missing 'Next' target: Gone -> "Gone""#]].assert_eq(&lines.join("\n"));
}
