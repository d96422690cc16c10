//! The 18 intrinsic functions.
//!
//! Facts come from the recorded cases (`intrinsic_functions/*`), and, where a comment says so, from
//! measurements of the service by others.

mod world;

use expr::Entropy;
use expr::intrinsics::Intrinsic;
use proptest::prelude::*;
use world::{Sequence, World, value};

fn eval(call: &str, world: &World) -> String {
    match Intrinsic::parse(call) {
        Err(error) => format!("syntax: {error}"),
        Ok(call) => call
            .eval(world, &mut Sequence(1))
            .map_or_else(|reason| reason, |result| result.to_text()),
    }
}

/// `name(arguments)`, input, what it gives.
fn check(table: &[(&str, &str, &str)]) {
    for (call, input, expected) in table {
        assert_eq!(
            eval(&format!("States.{call}"), &World::of(input)),
            *expected,
            "{call}"
        );
    }
}

#[test]
fn format() {
    check(&[
        ("Format('a {}.', $)", "\"\"", "\"a .\""),
        ("Format('a {}.', $)", "\" \"", "\"a  .\""),
        ("Format('a {}.', $)", "null", "\"a null.\""),
        ("Format('a {}.', $)", "1", "\"a 1.\""),
        ("Format('a {}.', $)", "1.1", "\"a 1.1.\""),
        (
            "Format('{} and {}', $.a, $.b)",
            r#"{"a":"x","b":true}"#,
            "\"x and true\"",
        ),
        (
            "Format('{}', $)",
            r#"{"Arg1":1,"Arg2":[]}"#,
            "\"{Arg1=1, Arg2=[]}\"",
        ),
        (
            "Format('{}', $)",
            r#"[1,"a",{"b":null}]"#,
            "\"[1, a, {b=null}]\"",
        ),
        (
            "Format('{}', $)",
            r#""{\"Arg1\": 1}""#,
            r#""{\"Arg1\": 1}""#,
        ),
        ("Format($.t, 'X')", r#"{"t":"<{}>"}"#, "\"<X>\""),
        ("Format('no placeholder')", "{}", "\"no placeholder\""),
        (r"Format('\{\} \'{}\' \\', 1)", "{}", r#""{} '1' \\""#),
        ("Format('{}', States.Format('{}{}', 1, 2))", "{}", "\"12\""),
    ]);
    let count = "Invalid arguments in States.Format: number of arguments do not match the occurrences of {}.";
    check(&[
        ("Format('{} {}', 1)", "{}", count),
        ("Format('{}', 1, 2)", "{}", count),
        ("Format(1, 2)", "{}", "Invalid arguments in States.Format"),
        ("Format()", "{}", "Invalid arguments in States.Format"),
        (
            "Format('{', 1)",
            "{}",
            "Invalid template in States.Format: matching '}' not found for '{'.",
        ),
        (
            "Format('{{}}', 1)",
            "{}",
            "Invalid template in States.Format: matching '}' not found for '{'.",
        ),
        (
            "Format('}')",
            "{}",
            "Invalid template in States.Format: matching '{' not found for '}'.",
        ),
    ]);
}

#[test]
fn json() {
    check(&[
        ("StringToJson($)", "\"\"", "null"),
        ("StringToJson($)", "\" \"", "null"),
        ("StringToJson($)", "\"-0\"", "0"),
        ("StringToJson($)", "\"1.1\"", "1.1"),
        ("StringToJson($)", "\"true\"", "true"),
        (
            "StringToJson($)",
            r#""[1, 2, \"HelloWorld\"]""#,
            r#"[1,2,"HelloWorld"]"#,
        ),
        (
            "StringToJson($)",
            r#""{\"b\": 1, \"a\": []}""#,
            r#"{"b":1,"a":[]}"#,
        ),
        (
            "StringToJson($)",
            "\"{bad}\"",
            "Invalid arguments in States.StringToJson",
        ),
        (
            "StringToJson($)",
            "{}",
            "Invalid arguments in States.StringToJson",
        ),
        (
            "StringToJson()",
            "{}",
            "Invalid arguments in States.StringToJson",
        ),
        ("JsonToString($)", "null", "\"null\""),
        ("JsonToString($)", "\"HelloWorld\"", r#""\"HelloWorld\"""#),
        (
            "JsonToString($)",
            r#"{"Arg1": 1, "Arg2": []}"#,
            r#""{\"Arg1\":1,\"Arg2\":[]}""#,
        ),
        (
            "JsonToString('a', 'b')",
            "{}",
            "Invalid arguments in States.JsonToString",
        ),
    ]);
    let two = r#"{"a":{"a":{"a1":1,"a2":2},"b":2,"d":3},"b":{"a":{"a3":1,"a4":2},"c":3,"d":4}}"#;
    let merged = r#"{"a":{"a3":1,"a4":2},"b":2,"c":3,"d":4}"#;
    check(&[
        ("JsonMerge($.a, $.b, false)", two, merged),
        ("JsonMerge($.a, $.b, 'false')", two, merged),
        (
            "JsonMerge($.a, $.b, true)",
            two,
            "Invalid arguments in States.JsonMerge",
        ),
        (
            "JsonMerge($.a, $.b)",
            two,
            "Invalid arguments in States.JsonMerge",
        ),
        (
            "JsonMerge($.a, 1, false)",
            two,
            "Invalid arguments in States.JsonMerge",
        ),
    ]);
}

#[test]
fn arrays() {
    check(&[
        ("Array()", "{}", "[]"),
        (
            "Array($.a, 'b', 1.5, true, null)",
            r#"{"a":{"x":[]}}"#,
            r#"[{"x":[]},"b",1.5,true,null]"#,
        ),
        ("Array(1, States.Array(2, 3))", "{}", "[1,[2,3]]"),
        ("ArrayPartition($, 1)", "[]", "[]"),
        ("ArrayPartition($, 2)", "[0,1,2]", "[[0,1],[2]]"),
        ("ArrayPartition($, 5)", "[0,1,2]", "[[0,1,2]]"),
        ("ArrayLength($)", "[1,2,[3]]", "3"),
        ("ArrayGetItem($, 1)", "[1,2,3]", "2"),
        (
            "ArrayGetItem($, 3)",
            "[1,2,3]",
            "Invalid arguments in States.ArrayGetItem",
        ),
        (
            "ArrayGetItem($, -1)",
            "[1,2,3]",
            "Invalid arguments in States.ArrayGetItem",
        ),
        (
            "ArrayGetItem($, '1')",
            "[1,2,3]",
            "Invalid arguments in States.ArrayGetItem",
        ),
        (
            "ArrayLength($)",
            "{}",
            "Invalid arguments in States.ArrayLength",
        ),
        (
            "ArrayPartition($, 0)",
            "[1]",
            "Invalid arguments in States.ArrayPartition",
        ),
        (
            "ArrayPartition($, -1)",
            "[1]",
            "Invalid arguments in States.ArrayPartition",
        ),
        (
            "ArrayPartition($, '2')",
            "[1]",
            "Invalid arguments in States.ArrayPartition",
        ),
    ]);
    // Measured.
    check(&[
        ("ArrayPartition($, 2.6)", "[1,2,3]", "[[1,2],[3]]"),
        (
            "ArrayPartition($, 0.6)",
            "[1]",
            "Invalid arguments in States.ArrayPartition",
        ),
        ("ArrayGetItem($, 1.2)", "[10,20,30]", "20"),
        ("ArrayGetItem($, 999)", "[]", "null"),
    ]);
}

#[test]
fn array_contains() {
    check(&[
        ("ArrayContains($, null)", "[]", "false"),
        ("ArrayContains($, null)", "[[1,2,3],2]", "false"),
        (
            "ArrayContains($, States.Array(1,2,3))",
            "[[1,2,3],2]",
            "true",
        ),
        (
            "ArrayContains($.a, $.b)",
            r#"{"a":[{"1":2,"2":[]}],"b":[]}"#,
            "false",
        ),
        (
            "ArrayContains($.a, $.b)",
            r#"{"a":[{"1":2,"2":[]}],"b":{"1":2,"2":[]}}"#,
            "true",
        ),
        ("ArrayContains($, false)", "[true,false]", "true"),
        ("ArrayContains($, false)", "[0,1,\"\"]", "false"),
        (
            "ArrayContains('a', 'a')",
            "{}",
            "Invalid arguments in States.ArrayContains",
        ),
    ]);
    // Measured.
    check(&[
        ("ArrayContains($, true)", r#"["true","false"]"#, "true"),
        (
            "ArrayContains($, 9007199254740991)",
            r#"["9007199254740991"]"#,
            "true",
        ),
        (
            "ArrayContains($.a, $.b)",
            r#"{"a":[{"a":1,"b":2}],"b":{"b":2,"a":1}}"#,
            "false",
        ),
    ]);
}

#[test]
fn array_range() {
    let wrong = "Invalid arguments in States.ArrayRange";
    check(&[
        ("ArrayRange(0, 9, 3)", "{}", "[0,3,6,9]"),
        ("ArrayRange(0, 10, 3)", "{}", "[0,3,6,9]"),
        ("ArrayRange(1, 9, 9)", "{}", "[1]"),
        ("ArrayRange(5, 1, -2)", "{}", "[5,3,1]"),
        ("ArrayRange(5, 1, 1)", "{}", "[]"),
        ("ArrayRange(3, 3, -1)", "{}", "[3]"),
        ("ArrayRange(1, 10, 0)", "{}", wrong),
        ("ArrayRange(1, 1001, 1)", "{}", wrong),
        ("ArrayRange(-2147483648, 2147483647, 1)", "{}", wrong),
        ("ArrayRange('a', 5, 1)", "{}", wrong),
        ("ArrayLength(States.ArrayRange(1, 1000, 1))", "{}", "1000"),
    ]);
    // Measured: fractions are cut off.
    check(&[
        ("ArrayRange(5.4, -0.6, -2.4)", "{}", "[5,3,1]"),
        ("ArrayRange(1.6, 1.4, 1)", "{}", "[1]"),
        ("ArrayRange(1, 10, 0.49)", "{}", wrong),
    ]);
}

/// Measured: the order is that of a Java `HashSet`.
#[test]
fn array_unique() {
    check(&[
        ("ArrayUnique($)", "[1,2,3,3,3,4]", "[1,2,3,4]"),
        (
            "ArrayUnique($)",
            r#"["a","b","a","c","b"]"#,
            r#"["a","b","c"]"#,
        ),
        ("ArrayUnique($)", "[true,false,true,false]", "[false,true]"),
        ("ArrayUnique($)", "[null,null,1,null]", "[null,1]"),
        ("ArrayUnique($)", r#"[1,"1",1,"01"]"#, r#"[1,"1","01"]"#),
        (
            "ArrayUnique($)",
            r#"[{"a":1,"b":2},{"b":2,"a":1}]"#,
            r#"[{"a":1,"b":2}]"#,
        ),
        ("ArrayUnique($)", "[[1,2],[1,2],[2,1]]", "[[2,1],[1,2]]"),
        (
            "ArrayUnique($)",
            "{}",
            "Invalid arguments in States.ArrayUnique",
        ),
    ]);
}

#[test]
fn math_add() {
    for (a, b, sum) in [
        ("-9", "3", "-6"),
        ("1.49", "1.5", "3"),
        ("1.5", "1.51", "4"),
        ("-1.49", "-1.5", "-2"),
        ("-1.5", "-1.51", "-3"),
        ("1.49", "-1.49", "0"),
        ("-0.5", "0.5", "1"),
        ("-0.5", "0", "0"),
        ("2.5", "0", "3"),
        ("-3.5", "0", "-3"),
        ("0.49999999999999994", "0", "0"),
        ("2147483646", "1", "2147483647"),
        ("2147483647", "1", "Invalid arguments in States.MathAdd"),
        ("-2147483648", "-1", "Invalid arguments in States.MathAdd"),
        ("3000000000", "-1", "Invalid arguments in States.MathAdd"),
        ("'1'", "1", "Invalid arguments in States.MathAdd"),
        ("null", "1", "Invalid arguments in States.MathAdd"),
    ] {
        check(&[(&format!("MathAdd({a}, {b})"), "{}", sum)]);
    }
}

#[test]
fn math_random() {
    let wrong = "Invalid arguments in States.MathRandom";
    check(&[
        ("MathRandom(1, 1)", "{}", wrong),
        ("MathRandom(10, 5)", "{}", wrong),
        ("MathRandom(1.4, 1.6)", "{}", wrong),
        ("MathRandom('a', 5)", "{}", wrong),
        ("MathRandom(1, 5, null)", "{}", wrong),
        ("MathRandom(1)", "{}", wrong),
        ("MathRandom(4, 5)", "{}", "4"),
        // `new java.util.Random(42).nextInt()` is -1170105035, whose upper 31 bits are 1562431130.
        ("MathRandom(1, 101, 42)", "{}", "31"),
        ("MathRandom(0, 10, 42)", "{}", "0"),
    ]);
    for seed in 0..200 {
        let call = Intrinsic::parse("States.MathRandom(-3, 3)").unwrap();
        let number = call
            .eval(&World::of("{}"), &mut Sequence(seed))
            .unwrap()
            .as_i64()
            .unwrap();
        assert!((-3..3).contains(&number));
    }
}

#[test]
fn strings() {
    let wrong = "Invalid arguments in States.Base64Decode";
    check(&[
        ("Base64Encode('')", "{}", "\"\""),
        (
            "Base64Encode('Data to encode')",
            "{}",
            "\"RGF0YSB0byBlbmNvZGU=\"",
        ),
        (
            "Base64Decode('RGF0YSB0byBlbmNvZGU=')",
            "{}",
            "\"Data to encode\"",
        ),
        ("Base64Decode('4pyT')", "{}", "\"✓\""),
        ("Base64Decode(1)", "{}", wrong),
        (
            "Base64Encode(1)",
            "{}",
            "Invalid arguments in States.Base64Encode",
        ),
        // Measured: malformed text is decoded as far as it goes.
        ("Base64Decode(' YWJj ZA')", "{}", "\"abcd\""),
        ("Base64Decode('YQ==YQ==')", "{}", "\"a\""),
        ("Base64Decode('YWJjZ')", "{}", "\"abc\""),
    ]);
    for (text, delimiters, parts) in [
        (" ", ",", r#"[" "]"#),
        (" , ", ",", r#"[" "," "]"#),
        (", , ,", ",", r#"[" "," "]"#),
        (",,,,", ",", "[]"),
        ("1,2,3,4,5", ",", r#"["1","2","3","4","5"]"#),
        (
            "This.is+a,test=string",
            ".+,=",
            r#"["This","is","a","test","string"]"#,
        ),
        (
            "split on T and \nnew line",
            "T\n",
            r#"["split on "," and ","new line"]"#,
        ),
        ("", ",", "[]"),
        ("abc", "", r#"["abc"]"#),
    ] {
        let input = expr::Value::array(vec![text.into(), delimiters.into()]).to_text();
        check(&[("StringSplit($[0], $[1])", &input, parts)]);
    }
    check(&[(
        "StringSplit(1, ',')",
        "{}",
        "Invalid arguments in States.StringSplit",
    )]);
}

#[test]
fn ten_thousand_characters_are_the_limit() {
    for function in ["Base64Encode($)", "Base64Decode($)", "Hash($, 'MD5')"] {
        let call = Intrinsic::parse(&format!("States.{function}")).unwrap();
        let run = |length| {
            let input = World::of(&format!("\"{}\"", "a".repeat(length)));
            call.eval(&input, &mut Sequence(1))
        };
        assert!(run(10_000).is_ok(), "{function}");
        assert!(run(10_001).is_err(), "{function}");
    }
}

#[test]
fn hash() {
    for (data, algorithm, digest) in [
        (
            "'input data'",
            "MD5",
            "\"812f45842bc6d66ee14572ce20db8e86\"",
        ),
        (
            "'input data'",
            "SHA-1",
            "\"aaff4a450a104cd177d28d18d74485e8cae074b7\"",
        ),
        (
            "'input data'",
            "SHA-256",
            "\"b4a697a057313163aee33cd8d40c66e9f0f177e00cac2de32475ffff6169c3e3\"",
        ),
        (
            "'input data'",
            "SHA-384",
            "\"d28a7d5cf25a74f11a50a18452b75e04bb3d70c9dd0510d6123aa008c756511b87525bdc835ebb27e1fb9e9374a15562\"",
        ),
        (
            "'input data'",
            "SHA-512",
            "\"6ce4adb348546d4f449c4d25aad9a7c9cb711d9e91982d3f0b29ca2f3f47d4ce2deba23bf2954f0f1d593fc50283731a533d30d425402d4f91316d871303aac4\"",
        ),
        ("123", "MD5", "\"202cb962ac59075b964b07152d234b70\""),
        ("'x'", "sha-256", "Invalid arguments in States.Hash"),
        ("'x'", "SHA256", "Invalid arguments in States.Hash"),
    ] {
        check(&[(&format!("Hash({data}, '{algorithm}')"), "{}", digest)]);
    }
}

#[test]
fn uuid() {
    struct Ones;
    impl Entropy for Ones {
        fn next_u64(&mut self) -> u64 {
            u64::MAX
        }
    }
    let call = Intrinsic::parse("States.UUID()").unwrap();
    let uuid = call.eval(&World::of("{}"), &mut Ones).unwrap();
    assert_eq!(uuid.to_text(), "\"ffffffff-ffff-4fff-bfff-ffffffffffff\"");
}

/// Measured: the reason names the argument; a path into the Context Object as one into the input.
#[test]
fn missing_arguments() {
    let missing = |path: &str| {
        format!(
            "The JsonPath argument for the field '{path}' could not be found in the input '{{\"items\":[1,2]}}'"
        )
    };
    for (path, named) in [
        ("$.nope", "$.nope"),
        ("$.nope.x", "$.nope.x"),
        ("$.items[5]", "$.items[5]"),
        ("$$.A", "$.A"),
    ] {
        let call = format!("States.Format('{{}}', States.Format('{{}}', {path}))");
        assert_eq!(
            eval(&call, &World::of(r#"{"items":[1,2]}"#)),
            missing(named)
        );
    }
}

#[test]
fn arguments_may_be_any_path() {
    let world = World {
        input: value(r#"{"a,b":1,"c)":[2],"d":[{"x":"y, )"},{"x":"z"}]}"#),
        context: value(r#"{"StateMachine":{"Name":"a-b-c"}}"#),
        variables: value(r#"{"v":{"w":3}}"#),
    };
    for (call, expected) in [
        ("States.Array($['a,b'] , $['c)'][0],$v.w)", "[1,2,3]"),
        ("States.Array($.d[?(@.x == 'y, )')])", r#"[[{"x":"y, )"}]]"#),
        (
            "States.ArrayGetItem(States.StringSplit($$.StateMachine.Name, '-'), States.MathAdd(States.ArrayLength(States.StringSplit($$.StateMachine.Name, '-')), -1))",
            "\"c\"",
        ),
    ] {
        assert_eq!(eval(call, &world), expected);
    }
}

#[test]
fn what_is_no_call() {
    let nested = |depth: usize| "States.Array(".repeat(depth) + &")".repeat(depth);
    assert!(Intrinsic::parse(&nested(10)).is_ok());
    for call in [
        // Recorded: ESCAPE_SEQUENCES_ILLEGAL_INTRINSIC_FUNCTION and its twin.
        r#"States.StringToJson('{"text":"An \"escaped double quote\" here"}')"#,
        r#"States.Format('He said, \"Hello, {}!\"', 'Test \"Name\" Here')"#,
        r"States.Base64Decode('YWJj\nZA==')",
        "",
        "States.Array",
        "States.Array(",
        "States.Array(1",
        "States.Array(1,)",
        "States.Array(1 2)",
        "States.Array(.5)",
        "States.Array(1.)",
        "States.Array([1,2])",
        "States.Array('a)",
        "States.Array(x)",
        "States.Array() trailing",
        " States.Array()",
        "States.Nope()",
        "Array()",
        "States.Array($.a b)",
        &nested(11),
        &nested(100_000),
    ] {
        assert!(Intrinsic::parse(call).is_err(), "{call}");
    }
}

#[test]
fn results_cannot_grow_without_bound() {
    let placeholders = "{}".repeat(40);
    let arguments = ", $".repeat(40);
    let mut call = format!("States.Format('{placeholders}'{arguments})");
    for _ in 0..3 {
        call = format!("States.Format('{{}}{{}}', {call}, {call})");
    }
    let input = format!("\"{}\"", "x".repeat(256 * 1024));
    assert_eq!(
        eval(&call, &World::of(&input)),
        "The result of States.Format is too large"
    );
}

proptest! {
    #[test]
    fn any_text_is_a_call_or_not(text in any::<String>()) {
        let _ = Intrinsic::parse(&text);
        let _ = Intrinsic::parse(&format!("States.Format({text})"));
    }

    #[test]
    fn call_like_text_is_evaluated_or_refused(
        name in prop::sample::select(vec!["Format", "Array", "ArrayPartition", "ArrayContains",
            "ArrayRange", "ArrayGetItem", "ArrayLength", "ArrayUnique", "Base64Encode", "Base64Decode",
            "Hash", "JsonMerge", "JsonToString", "StringToJson", "MathAdd", "MathRandom", "StringSplit"]),
        arguments in prop::collection::vec(prop::sample::select(vec!["1", "-1.5", "1e309", "-1e309", "0",
            "99999999999", "'a{}'", "''", "'SHA-1'", "true", "null", "$", "$.a", "$.o", "$.x",
            "States.Array(1,'2')"]), 0..4),
    ) {
        let call = format!("States.{name}({})", arguments.join(","));
        let call = Intrinsic::parse(&call).unwrap();
        let _ = call.eval(&World::of(r#"{"a":[1,"b",null],"o":{"k":"v"}}"#), &mut Sequence(1));
    }
}
