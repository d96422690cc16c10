//! JSON text in, value or Jackson's complaint out.

use expr::json::{self, Document, MAX_DEPTH, Number, Step, Value, locate};
use proptest::prelude::*;

fn printed(text: &str) -> String {
    json::parse(text).map_or_else(|error| format!("error: {error}"), |value| value.to_text())
}

#[test]
fn what_is_parsed_prints_compactly_in_the_same_order() {
    for (text, expected) in [
        (" { \"b\" : 1 , \"a\" : [ ] } ", r#"{"b":1,"a":[]}"#),
        (
            "[[],{},\"\",null,true,false]",
            r#"[[],{},"",null,true,false]"#,
        ),
        (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#),
        (
            r#""\u00e9\t\/\u001f\u007f\"\\""#,
            "\"é\\t/\\u001F\u{7f}\\\"\\\\\"",
        ),
        (r#""\ud83d\ude00""#, "\"😀\""),
        (
            r#""\ud83d x \ude00 \ud83dA""#,
            "\"\u{fffd} x \u{fffd} \u{fffd}A\"",
        ),
    ] {
        assert_eq!(printed(text), expected, "{text}");
    }
}

#[test]
fn numbers_are_exact_and_keep_their_literal() {
    for (text, expected) in [
        ("0", "0"),
        ("-0", "0"),
        ("1.0", "1.0"),
        ("-0.10", "-0.10"),
        ("1e2", "1e2"),
        ("9223372036854775807", "9223372036854775807"),
        ("9223372036854775808", "9223372036854775808"),
        (
            "123456789012345678901234567890",
            "123456789012345678901234567890",
        ),
        ("1E400", "1E400"),
    ] {
        assert_eq!(printed(text), expected);
    }
}

#[test]
fn numbers_compare_by_value() {
    let number = |text: &str| Number::parse(text).unwrap();
    for (a, b) in [
        ("1", "1.0"),
        ("100", "1e2"),
        ("0", "-0.0"),
        ("1.50", "15e-1"),
        ("0", "0e9"),
    ] {
        assert_eq!(number(a), number(b));
    }
    for (smaller, larger) in [
        ("9007199254740992", "9007199254740993"),
        ("9007199254740992", "9007199254740992.5"),
        ("-9007199254740993", "-9007199254740992.0"),
        ("1e400", "1e401"),
        ("-1e401", "1"),
        ("0", "1e-400"),
    ] {
        assert!(number(smaller) < number(larger), "{smaller} < {larger}");
    }
    assert_eq!(
        json::parse("[1,{\"a\":2,\"b\":3}]"),
        json::parse("[1.0,{\"b\":3.0,\"a\":2}]")
    );
}

#[test]
fn doubles_become_the_shortest_literal() {
    let literal = |value| Number::from_f64(value).map(|number| number.literal().into_owned());
    assert_eq!(literal(2.0).as_deref(), Some("2"));
    assert_eq!(literal(-0.1).as_deref(), Some("-0.1"));
    assert_eq!(literal(1e300).as_deref(), Some("1e300"));
    assert_eq!(literal(f64::NAN), None);
    assert_eq!(literal(f64::INFINITY), None);
}

/// Text, Jackson's message, line and column. The first is recorded (`api.validation`), the second is
/// quoted in spec api.md; the others follow `ReaderBasedJsonParser`.
#[test]
fn errors_are_jacksons() {
    const VALUES: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
    let unrecognized = |word: &str| format!("Unrecognized token '{word}': was expecting {VALUES}");
    let unexpected = |what: &str, why: &str| format!("Unexpected character ({what}): {why}");
    let value = format!("expected a valid value {VALUES}");
    let name = "was expecting double-quote to start field name";
    for (text, message, line, column) in [
        ("not a definition", unrecognized("not"), 1, 4),
        ("{'a':1}", unexpected("''' (code 39)", name), 1, 3),
        ("", "No content to map due to end-of-input".into(), 1, 1),
        ("{\n a:1}", unexpected("'a' (code 97)", name), 2, 3),
        ("{\"a\":1,}", unexpected("'}' (code 125)", name), 1, 9),
        ("[1,]", unexpected("']' (code 93)", "expected a value"), 1, 5),
        ("'x'", unexpected("''' (code 39)", &value), 1, 2),
        ("€", unexpected("'€' (code 8364 / 0x20ac)", &value), 1, 2),
        ("[1 2]", unexpected("'2' (code 50)", "was expecting comma to separate Array entries"), 1, 5),
        (
            "{\"a\" 1}",
            unexpected("'1' (code 49)", "was expecting a colon to separate field name and value"),
            1,
            7,
        ),
        ("nul", unrecognized("nul"), 1, 4),
        ("trueish", unrecognized("trueish"), 1, 8),
        ("01", "Invalid numeric value: Leading zeroes not allowed".into(), 1, 2),
        (
            "[1.]",
            "Unexpected character (']' (code 93)) in numeric value: Decimal point not followed by a digit"
                .into(),
            1,
            5,
        ),
        ("1x", unexpected("'x' (code 120)", "Expected space separating root-level values"), 1, 3),
        (
            "\"a\nb\"",
            "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to \
             be included in string value"
                .into(),
            2,
            1,
        ),
        ("\"\\x\"", "Unrecognized character escape 'x' (code 120)".into(), 1, 4),
        ("\"a", "Unexpected end-of-input: was expecting closing quote for a string value".into(), 1, 3),
        (
            "{\"a\":[",
            "Unexpected end-of-input: expected close marker for Array (start marker at \
             [Source: (String)\"{\"a\":[\"; line: 1, column: 6])"
                .into(),
            1,
            7,
        ),
        ("{\"a\"", "Unexpected end-of-input within/between Object entries".into(), 1, 5),
        (
            "[}",
            "Unexpected close marker '}': expected ']' (for Array starting at [Source: (String)\"[}\"; \
             line: 1, column: 1])"
                .into(),
            1,
            3,
        ),
        (
            "{} 1",
            "Trailing token (of type VALUE_NUMBER_INT) found after value (bound as \
             `com.fasterxml.jackson.databind.JsonNode`): not allowed as per \
             `DeserializationFeature.FAIL_ON_TRAILING_TOKENS`"
                .into(),
            1,
            5,
        ),
    ] {
        let error = json::parse(text).unwrap_err();
        assert_eq!((&*error.message, error.line, error.column), (&*message, line, column), "{text}");
    }
    let error = json::parse("not a definition").unwrap_err();
    assert_eq!(
        error.location("not a definition"),
        "[Source: (String)\"not a definition\"; line: 1, column: 4]"
    );
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(printed(&nested(MAX_DEPTH)), nested(MAX_DEPTH));
    let error = json::parse(&nested(MAX_DEPTH + 1)).unwrap_err();
    assert_eq!(
        error.message,
        "Document nesting depth (1001) exceeds the maximum allowed (1000, from \
         `StreamReadConstraints.getMaxNestingDepth()`)"
    );
    assert!(json::parse(&"[".repeat(1_000_000)).is_err());
    assert!(json::parse(&"1".repeat(1001)).is_err());
    let deepest = json::parse(&nested(MAX_DEPTH)).unwrap();
    assert!(deepest.is_within_depth());
    assert!(!Value::array(vec![deepest]).is_within_depth());
}

#[test]
fn large_objects_keep_order_and_find_their_members() {
    let members: Vec<String> = (0..100).map(|n| format!("\"k{n}\":{n}")).collect();
    let text = format!("{{{}}}", members.join(","));
    let value = json::parse(&text).unwrap();
    assert_eq!(value.to_text(), text);
    assert_eq!(value.get("k77").and_then(Value::as_i64), Some(77));
    let mut object = value.as_object().unwrap().clone();
    assert_eq!(object.remove("k3"), Some(Value::int(3)));
    assert_eq!(object.insert("k4".into(), Value::Null), Some(Value::int(4)));
    assert_eq!(object.insert("new".into(), Value::Null), None);
    assert_eq!(
        (object.len(), object.get("k3"), object.contains_key("new")),
        (100, None, true)
    );
    let keys: Vec<&str> = object.iter().map(|(key, _)| &**key).collect();
    assert_eq!((keys[2], keys[3], keys[99]), ("k2", "k4", "new"));
}

#[test]
fn documents_keep_their_text_and_share_it() {
    let text = " { \"a\" : 1.0 }\n";
    let document = Document::parse(text).unwrap();
    assert_eq!(document.text(), text);
    assert_eq!(document.value().to_text(), "{\"a\":1.0}");
    let copy = document.clone();
    assert!(copy.same(&document) && copy.id() == document.id());
    assert!(!Document::parse(text).unwrap().same(&document));
    assert_eq!(
        Document::from_value(document.value().clone()).text(),
        "{\"a\":1.0}"
    );
    assert_eq!(*Document::trusted(text.into()).value(), *document.value());
    assert_eq!(Document::parse("[1,").unwrap_err().column, 4);
}

#[test]
fn values_are_located_in_their_text() {
    let text = "{ \"a\" : [ 1, {\"b\\n\": \"}]\\\"\" } ], \"c\": 1, \"c\": [2] }";
    let key = |name: &str| Step::Key(name.into());
    for (path, expected) in [
        (vec![], Some(text)),
        (vec![key("a")], Some("[ 1, {\"b\\n\": \"}]\\\"\" } ]")),
        (vec![key("a"), Step::Index(0)], Some("1")),
        (
            vec![key("a"), Step::Index(1), key("b\n")],
            Some("\"}]\\\"\""),
        ),
        (vec![key("c")], Some("[2]")),
        (vec![key("a"), Step::Index(2)], None),
        (vec![key("a"), key("b")], None),
        (vec![key("x")], None),
    ] {
        assert_eq!(
            locate(text, &path).map(|range| &text[range]),
            expected,
            "{path:?}"
        );
    }
}

/// Any value, of moderate size.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", |double| Number::from_f64(double)
            .map(Value::Number)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        let member = (any::<String>().prop_map(Into::into), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..8).prop_map(Value::array),
            prop::collection::vec(member, 0..20).prop_map(Value::object),
        ]
    })
}

proptest! {
    #[test]
    fn printing_and_parsing_is_the_identity(value in any_value()) {
        let text = value.to_text();
        let again = json::parse(&text).unwrap();
        prop_assert_eq!(&again, &value);
        prop_assert_eq!(again.to_text(), text);
    }

    #[test]
    fn the_length_is_known_without_printing(value in any_value()) {
        let length = value.to_text().len();
        prop_assert_eq!(value.text_length_within(length), Some(length));
        prop_assert_eq!(value.text_length_within(length - 1), None);
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in any::<String>()) {
        if let Ok(document) = Document::parse(text.as_str()) {
            prop_assert_eq!(document.text(), text);
        }
    }

    #[test]
    fn json_like_text_is_parsed_or_refused(text in r#"[\[\]{}:,"\\ \nutrfalsenl0-9eE.+u€'-]{0,40}"#) {
        if let Err(error) = json::parse(&text) {
            prop_assert!(error.offset <= text.len() && error.line >= 1 && error.column >= 1);
        }
        let _ = locate(&text, &[Step::Key("a".into()), Step::Index(1)]);
    }
}
