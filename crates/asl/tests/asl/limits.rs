//! Nothing from outside panics, hangs or grows without bound.

use std::fmt::Write;

use asl::{MAX_DEFINITION_BYTES, Options};
use proptest::prelude::*;

use crate::check::single;

fn validate(text: &str) -> Vec<asl::Diagnostic> {
    let diagnostics = asl::validate(text, &Options::default());
    let accepted = !diagnostics.iter().any(asl::Diagnostic::is_error);
    assert_eq!(asl::compile(text, &Options::default()).is_ok(), accepted);
    diagnostics
}

#[test]
fn a_definition_that_is_too_long() {
    let diagnostics = validate(&" ".repeat(MAX_DEFINITION_BYTES + 1));
    assert_eq!(
        diagnostics[0].message,
        "Definition exceeds the limit of 1048576 bytes"
    );
}

#[test]
fn graphs_in_graphs() {
    let nest = |depth: usize| {
        let mut text = r#""Type": "Succeed""#.to_owned();
        for level in 0..depth {
            text = format!(
                r#""Type": "Parallel", "End": true, "Branches": [{{"StartAt": "s{level}", "States": {{"s{level}": {{{text}}}}}}}]"#
            );
        }
        single(&text)
    };
    assert!(validate(&nest(64)).is_empty());
    assert_eq!(validate(&nest(65))[0].code, asl::Code::TooDeeplyNested);
    assert!(!validate(&nest(190)).is_empty());
    assert!(!validate(&nest(500)).is_empty());
}

#[test]
fn conditions_in_conditions() {
    let nest = |depth: usize| {
        let rule = r#"{"Variable": "$.a", "IsNull": true}"#.to_owned();
        let rule = (0..depth).fold(rule, |rule, _| format!(r#"{{"Not": {rule}}}"#));
        crate::check::with_rule(&format!(r#"{{"Next": "A", "Not": {rule}}}"#))
    };
    assert!(validate(&nest(63)).is_empty());
    assert_eq!(validate(&nest(64))[0].code, asl::Code::TooDeeplyNested);
    assert!(!validate(&nest(900)).is_empty());
}

#[test]
fn templates_may_be_deep() {
    let depth = 900;
    let template = format!(r#"{}"$.a"{}"#, r#"{"a":"#.repeat(depth), "}".repeat(depth));
    assert_eq!(
        validate(&single(&format!(
            r#""Type": "Pass", "Parameters": {template}, "End": true"#
        )))
        .len(),
        1
    );
}

#[test]
fn many_errors_under_a_long_name() {
    let name = "n".repeat(300_000);
    let mut fields = String::new();
    for index in 0..60_000 {
        write!(fields, r#","f{index}":1"#).expect("a String");
    }
    let diagnostics = validate(&format!(
        r#"{{"StartAt":"{name}","States":{{"{name}":{{"Type":"Succeed"{fields}}}}}}}"#
    ));
    let kept: usize = diagnostics
        .iter()
        .map(|d| d.location.as_deref().map_or(0, str::len))
        .sum();
    assert!(!diagnostics.is_empty() && kept < 16 << 20, "{kept}");
}

#[test]
fn many_states() {
    let mut states = String::new();
    for index in 0..9_999 {
        write!(
            states,
            r#""s{index}":{{"Type":"Pass","Next":"s{}"}},"#,
            index + 1
        )
        .expect("a String");
    }
    let text = format!(r#"{{"StartAt":"s0","States":{{{states}"s9999":{{"Type":"Succeed"}}}}}}"#);
    assert!(validate(&text).is_empty());
}

/// A definition with something of everything, to be broken.
const SEED: &str = r#"{"StartAt":"C","QueryLanguage":"JSONPath","TimeoutSeconds":9,"States":{
"C":{"Type":"Choice","Choices":[{"And":[{"Variable":"$.a","NumericEquals":1},{"Not":{"Variable":"$.b[0]","StringEqualsPath":"$$.x"}}],"Next":"T"}],"Default":"W"},
"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload.$":"States.Format('{}',$.x)"},"Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":2}],"Catch":[{"ErrorEquals":["A"],"ResultPath":"$.e","Next":"P"}],"TimeoutSecondsPath":"$.t","Next":"P"},
"P":{"Type":"Parallel","Branches":[{"StartAt":"B","States":{"B":{"Type":"Fail","ErrorPath":"$.e","Cause":"c"}}}],"Next":"M"},
"M":{"Type":"Map","ItemsPath":"$.i","ItemProcessor":{"ProcessorConfig":{"Mode":"INLINE"},"StartAt":"I","States":{"I":{"Type":"Pass","Result":{"k":"$.v"},"End":true}}},"ToleratedFailurePercentage":5,"Next":"W"},
"W":{"Type":"Wait","Timestamp":"2026-01-01T00:00:00Z","End":true}}}"#;

/// Tokens that change what a definition means.
const TOKENS: [&str; 24] = [
    "null",
    "true",
    "-1",
    "1e400",
    "\"\"",
    "{}",
    "[]",
    "\"$\"",
    "\"JSONata\"",
    "\"{% x\"",
    "\"States.ALL\"",
    "\"Map\"",
    "\"Choice\"",
    "\"Next\"",
    "\"End\"",
    "\"Iterator\"",
    "\"Branches\"",
    "\"Assign\"",
    "\"Condition\"",
    "\"Or\"",
    "\"DISTRIBUTED\"",
    "\"ItemReader\"",
    "\"C\"",
    "\"Credentials\"",
];

/// The places in the seed where a string, number or literal stands.
fn replaced(place: usize, token: &str) -> String {
    let strings: Vec<(usize, &str)> = SEED.match_indices('"').collect();
    let pair = place % (strings.len() / 2);
    let (start, end) = (strings[2 * pair].0, strings[2 * pair + 1].0);
    format!("{}{token}{}", &SEED[..start], &SEED[end + 1..])
}

#[test]
fn the_seed_is_good() {
    assert!(!validate(SEED).iter().any(asl::Diagnostic::is_error));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text(text in ".{0,200}") {
        validate(&text);
    }

    #[test]
    fn json_like_text(text in r#"[\[\]{}:,"$.A-Za-z0-9 ]{0,200}"#) {
        validate(&text);
    }

    #[test]
    fn a_definition_with_another_value_or_field(place in any::<usize>(), token in 0..TOKENS.len()) {
        validate(&replaced(place, TOKENS[token]));
    }

    #[test]
    fn a_definition_with_another_byte(place in 0..SEED.len(), byte in any::<char>()) {
        let mut text: Vec<char> = SEED.chars().collect();
        text[place] = byte;
        validate(&text.into_iter().collect::<String>());
    }

    #[test]
    fn a_definition_that_ends_early(end in 0..SEED.len()) {
        validate(&SEED[..end]);
    }
}
