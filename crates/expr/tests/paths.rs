//! Paths in, values or Jayway's complaints out.

mod world;

use expr::path::{Path, ReferencePath};
use proptest::prelude::*;
use world::{World, value};

const STORE: &str = r#"{"a":{"b":[1,2,3,4],"x y":5,"a-b":6,"it's":7,"null":null},
    "books":[{"title":"A","price":8,"tags":["x","y"]},{"title":"B","price":12.5,"tags":[]},
    {"title":"C","sold":false}],"n":1,"s":"text"}"#;

fn eval(path: &str, world: &World) -> String {
    match Path::parse(path) {
        Err(error) => format!("syntax: {error}"),
        Ok(path) => path
            .eval(world)
            .map_or_else(|miss| miss.to_string(), |found| found.to_text()),
    }
}

fn check(table: &[(&str, &str)], input: &str) {
    let world = World::of(input);
    for (path, expected) in table {
        assert_eq!(eval(path, &world), *expected, "{path}");
    }
}

#[test]
fn definite_paths() {
    check(
        &[
            ("$.n", "1"),
            ("$['n']", "1"),
            ("$[\"n\"]", "1"),
            ("$.a['x y']", "5"),
            ("$.a.a-b", "6"),
            ("$.a['it\\'s']", "7"),
            ("$.a.null", "null"),
            ("$.a.b[0]", "1"),
            ("$.a.b[-1]", "4"),
            ("$.books[1].tags", "[]"),
        ],
        STORE,
    );
}

/// Words of Jayway, as recorded and measured (spec: history.md 5, asl.md 3.4).
#[test]
fn misses() {
    check(
        &[
            ("$.x", "No results for path: $['x']"),
            ("$.a.x", "No results for path: $['a']['x']"),
            ("$.no.such.path", "Missing property in path $['no']"),
            ("$.a.no.such", "Missing property in path $['a']['no']"),
            ("$.a.b[4]", "No results for path: $['a']['b'][4]"),
            ("$.a.b[-5]", "No results for path: $['a']['b'][-5]"),
            (
                "$.n[0]",
                "Filter: [0] can only be applied to arrays. Current context is: 1",
            ),
            (
                "$.a.b.length()",
                "Property ['length()'] not found in path $['a']['b']",
            ),
            ("$.n.x.y", "Property ['x'] not found in path $['n']"),
            ("$unknown.x", "The variable '$unknown' is not defined"),
        ],
        STORE,
    );
}

#[test]
fn indefinite_paths_always_give_an_array() {
    check(
        &[
            ("$.a.b[*]", "[1,2,3,4]"),
            ("$.books[*].title", r#"["A","B","C"]"#),
            ("$.books[*].price", "[8,12.5]"),
            ("$.a.b[0,2,9]", "[1,3]"),
            ("$['n','s']", r#"[1,"text"]"#),
            ("$.a.b[1:3]", "[2,3]"),
            ("$.a.b[2:]", "[3,4]"),
            ("$.a.b[-2:]", "[3,4]"),
            ("$.a.b[:-3]", "[1]"),
            ("$.a.b[:]", "[1,2,3,4]"),
            ("$.a.b[1:-1]", "[]"),
            ("$..title", r#"["A","B","C"]"#),
            ("$..tags[0]", r#"["x"]"#),
            ("$..['price']", "[8,12.5]"),
            (
                "$.books..*",
                r#"[{"title":"A","price":8,"tags":["x","y"]},{"title":"B","price":12.5,"tags":[]},{"title":"C","sold":false},"A",8,["x","y"],"x","y","B",12.5,[],"C",false]"#,
            ),
        ],
        STORE,
    );
}

/// Recorded: `test_json_path_array_wildcard_or_slice_with_no_input`.
#[test]
fn indefinite_paths_that_lead_nowhere_give_an_empty_array() {
    for path in [
        "$.items[*]",
        "$.items[1:]",
        "$.items[:1]",
        "$.item.items[*]",
        "$.item.items[1:5]",
        "$.items[*].itemValue",
        "$.item.items[1:].itemValue",
        "$..x",
        "$.x[?(@.y)]",
    ] {
        assert_eq!(eval(path, &World::of("{}")), "[]", "{path}");
    }
}

#[test]
fn filters() {
    let titles = |expected: &str| format!("[{expected}]");
    for (filter, expected) in [
        ("@.price < 10", "\"A\""),
        ("@.price<=12.5", "\"A\",\"B\""),
        ("@.price > 8", "\"B\""),
        ("@['price'] >= 8.0", "\"A\",\"B\""),
        ("@.title == 'B'", "\"B\""),
        ("@.title != \"B\"", "\"A\",\"C\""),
        ("@.title > 'A'", "\"B\",\"C\""),
        ("@.sold", "\"C\""),
        ("!@.sold", "\"A\",\"B\""),
        ("@.sold == false", "\"C\""),
        ("@.price", "\"A\",\"B\""),
        ("@.price == null", ""),
        ("@.title in ['A','C']", "\"A\",\"C\""),
        ("@.title nin ['A', 'C']", "\"B\""),
        ("@.title IN ['C']", "\"C\""),
        ("@.tags subsetof ['x','y','z']", "\"A\",\"B\""),
        ("@.tags size 2", "\"A\""),
        ("@.tags empty true", "\"B\""),
        ("@.tags empty false", "\"A\""),
        ("@.title =~ /[a-b]/i", "\"A\",\"B\""),
        ("@.title =~ /[a-b]/", ""),
        ("@.title == 'A' || @.price > 10 && @.tags", "\"A\",\"B\""),
        (
            "(@.title == 'A' || @.price > 10) && @.tags empty true",
            "\"B\"",
        ),
        ("!(@.title == 'A') && !(@.title == 'B')", "\"C\""),
        ("@.price > $.n", "\"A\",\"B\""),
        ("@.tags[*] == ['x','y']", "\"A\""),
        ("@.tags[?(@ == 'y')]", "\"A\""),
        ("@ == {\"title\":\"C\",\"sold\":false}", "\"C\""),
        ("@.tags[0]=='x'", "\"A\""),
    ] {
        let path = format!("$.books[?({filter})].title");
        assert_eq!(eval(&path, &World::of(STORE)), titles(expected), "{path}");
    }
    check(
        &[
            ("$.a.b[?(@ > 2)]", "[3,4]"),
            ("$..[?(@.sold == false)].title", "[\"C\"]"),
        ],
        STORE,
    );
}

#[test]
fn roots() {
    let world = World {
        input: value(r#"{"a":1}"#),
        context: value(r#"{"a":2,"Execution":{"Id":"x"}}"#),
        variables: value(r#"{"v":{"a":[3]},"läng_1":4}"#),
    };
    for (path, expected) in [
        ("$", r#"{"a":1}"#),
        ("$.a", "1"),
        ("$$.a", "2"),
        ("$$.Execution.Id", "\"x\""),
        ("$$", r#"{"a":2,"Execution":{"Id":"x"}}"#),
        ("$v.a[0]", "3"),
        ("$v['a']", "[3]"),
        ("$läng_1", "4"),
        ("$$.Task.Token", "Missing property in path $['Task']"),
        ("$v.b", "No results for path: $['b']"),
    ] {
        assert_eq!(eval(path, &world), expected, "{path}");
    }
}

/// Recorded: `ESCAPE_SEQUENCES_JSONPATH`.
#[test]
fn a_backslash_in_a_quoted_name_is_itself() {
    let world = World::of(r#"{"Test\\\"\"Name\"":"found"}"#);
    assert_eq!(eval(r#"$['Test\""Name"']"#, &world), "\"found\"");
}

#[test]
fn what_is_no_path() {
    for path in [
        "",
        "a",
        "$.",
        "$..",
        "$.a.",
        "$a-b",
        "$_a",
        "$.a b",
        "$[",
        "$[]",
        "$['a'",
        "$['a]",
        "$[a]",
        "$[1:2:3]",
        "$[0,]",
        "$[?]",
        "$[?()]",
        "$[?(@.a ==)]",
        "$[?(1)]",
        "$[?(@.a]",
        "$[?(@ =~ /(/)]",
        "$x$",
        "$[99999999999999999999]",
        "$[?(@.a ?? 1)]",
    ] {
        assert!(Path::parse(path).is_err(), "{path}");
    }
    let deep = |depth: usize| format!("$[?({}@.a{})]", "(".repeat(depth), ")".repeat(depth));
    assert!(Path::parse(&deep(20)).is_ok());
    assert!(Path::parse(&deep(100_000)).is_err());
    assert!(Path::parse(&format!("${}", ".a".repeat(1000))).is_err());
}

#[test]
fn kinds_of_paths() {
    for (source, definite, reference, identity) in [
        ("$", true, true, true),
        ("$$", true, true, false),
        ("$.a['b'][0]", true, true, false),
        ("$.a[-1]", true, false, false),
        ("$.a[*]", false, false, false),
        ("$..a", false, false, false),
        ("$['a','b']", false, false, false),
        ("$x.a", true, true, false),
    ] {
        let path = Path::parse(source).unwrap();
        let kinds = (path.is_definite(), path.is_reference(), path.is_identity());
        assert_eq!(kinds, (definite, reference, identity), "{source}");
        assert_eq!(&**path.source(), source);
    }
}

#[test]
fn an_evaluation_is_bounded() {
    let input = format!("[{}1]", "1,".repeat(3000));
    let world = World::of(&input);
    let error = eval("$[?(@ in $[*])]", &world);
    assert_eq!(error, "The path matches or visits too many values");
}

#[test]
fn results_are_put_at_reference_paths() {
    for (path, base, expected) in [
        ("$", r#"{"a":1}"#, "9"),
        ("$.b", r#"{"a":1}"#, r#"{"a":1,"b":9}"#),
        ("$.a", r#"{"a":1,"b":2}"#, r#"{"a":9,"b":2}"#),
        (
            "$.x['y z'].w",
            r#"{"a":1}"#,
            r#"{"a":1,"x":{"y z":{"w":9}}}"#,
        ),
        ("$.a[1]", r#"{"a":[1,2,3]}"#, r#"{"a":[1,9,3]}"#),
        ("$.a[0].b", r#"{"a":[{}]}"#, r#"{"a":[{"b":9}]}"#),
        (
            "$.a[3]",
            r#"{"a":[1,2,3]}"#,
            r#"Unable to apply ReferencePath $.a[3] to input {"a":[1,2,3]}"#,
        ),
        (
            "$.a.b",
            r#"{"a":1}"#,
            r#"Unable to apply ReferencePath $.a.b to input {"a":1}"#,
        ),
        (
            "$.a",
            "\"text\"",
            r#"Unable to apply ReferencePath $.a to input "text""#,
        ),
        (
            "$.a",
            "[1]",
            "Unable to apply ReferencePath $.a to input [1]",
        ),
        (
            "$.x[0]",
            "{}",
            "Unable to apply ReferencePath $.x[0] to input {}",
        ),
    ] {
        let set = ReferencePath::parse(path)
            .unwrap()
            .set(&value(base), value("9"));
        assert_eq!(
            set.map_or_else(|e| e.to_string(), |v| v.to_text()),
            expected,
            "{path}"
        );
    }
    for path in ["$.a[*]", "$..a", "$.a[-1]", "$.a[0,1]", "a", "$['a','b']"] {
        assert!(ReferencePath::parse(path).is_err(), "{path}");
    }
}

#[test]
fn a_result_cannot_be_put_too_deep() {
    let deepest = value(&("[".repeat(1000) + &"]".repeat(1000)));
    let path = ReferencePath::parse("$.a").unwrap();
    assert!(path.set(&value("{}"), deepest.clone()).is_err());
    let inside = deepest.as_array().unwrap()[0].clone();
    assert!(path.set(&value("{}"), inside).unwrap().is_within_depth());
}

proptest! {
    #[test]
    fn any_text_is_a_path_or_not(text in any::<String>()) {
        let _ = Path::parse(&text);
        let _ = Path::parse(&format!("$.{text}"));
    }

    #[test]
    fn path_like_text_is_evaluated_or_refused(text in r#"\$[$.a\[\]'"?()@*:,0-9 =<>!&|~/\\{}empty-]{0,30}"#) {
        if let Ok(path) = Path::parse(&text) {
            let world = World::of(r#"{"a":[1,{"a":"b"},[2]],"e":{"a":[]}}"#);
            let found = path.eval(&world);
            prop_assert!(path.is_definite() || found.is_err() || found.unwrap().as_array().is_some());
            prop_assert!(!path.is_reference() || path.is_definite());
        }
    }
}
