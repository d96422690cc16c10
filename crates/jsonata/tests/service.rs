//! What Step Functions' dialect has and has not.

mod world;

use std::sync::Arc;

use expr::Value;
use jsonata::{Answer, Expression, Limits, Reference};
use world::{World, evaluate, outcome};

fn check(table: &[(&str, &str)]) {
    for (source, expected) in table {
        assert_eq!(outcome(source, ""), *expected, "{source}");
    }
}

#[test]
fn the_added_functions() {
    check(&[
        ("$partition([1,2,3,4,5], 2)", "[[1,2],[3,4],[5]]"),
        ("$partition([0], 1)", "[[0]]"),
        ("$partition([1,2,3], 2.9)", "[[1,2],[3]]"),
        ("$partition([], 2)", "[]"),
        (
            "$partition([1], 0.5)",
            "D3150: The second argument of partition function must be a positive integer: 0",
        ),
        ("$range(1, 9, 2)", "[1,3,5,7,9]"),
        ("$range(1, 9, 9)", "1"),
        ("$range(5, 1, -2)", "[5,3,1]"),
        ("$range(1.9, 3.9, 1.5)", "[1,2,3]"),
        ("$range(1, 0, 1)", "undefined"),
        (
            "$range(0, 1, 0)",
            "D3151: The third argument of range function must not be zero",
        ),
        (
            "$hash('abc')",
            "\"a9993e364706816aba3e25717850c26c9cd0d89d\"",
        ),
        (
            "$hash('abc', 'MD5')",
            "\"900150983cd24fb0d6963f7d28e17f72\"",
        ),
        ("$length($hash('abc', 'SHA-256'))", "64"),
        ("$length($hash('abc', 'SHA-384'))", "96"),
        ("$length($hash('abc', 'SHA-512'))", "128"),
        (
            "$hash('abc', 'CRC')",
            "D3152: Unknown hash algorithm: \"CRC\"",
        ),
        ("$hash({'a':1}) = $hash('{\"a\":1}')", "true"),
        ("$random() < 1 and $random() >= 0", "true"),
        ("$random(42)", "0.7275636800328681"),
        ("$random(42) = $random(42)", "true"),
        ("$length($uuid())", "36"),
        ("$uuid() = $uuid()", "false"),
        ("$parse('{\"a\":[1,2.0]}')", "{\"a\":[1,2.0]}"),
        ("$parse('{\"a\":[1,2]}').a[1]", "2"),
        ("$parse('null')", "null"),
        ("$parse(nothing)", "undefined"),
    ]);
}

#[test]
fn what_is_not_there() {
    check(&[
        ("$eval('1')", "T1006: Attempted to invoke a non-function"),
        (
            "$randomSeeded(1)",
            "T1006: Attempted to invoke a non-function",
        ),
        (
            "1 ?: 2",
            "syntax: The symbol \":\" cannot be used as a unary operator",
        ),
        (
            "1 ?? 2",
            "syntax: The symbol \"?\" cannot be used as a unary operator",
        ),
    ]);
}

#[test]
fn syntax_errors_have_the_words_of_the_service() {
    check(&[
        ("[1,2)", "syntax: Expected \"]\", got \")\""),
        ("[1", "syntax: Expected \"]\" before end of expression"),
        ("1 +", "syntax: Unexpected end of expression"),
        ("", "syntax: Unexpected end of expression"),
        (
            "'abc",
            "syntax: String literal must be terminated by a matching quote",
        ),
        ("/abc", "syntax: No terminating / in regular expression"),
        ("//", "syntax: Empty regular expressions are not allowed"),
        (
            "}",
            "syntax: The symbol \"}\" cannot be used as a unary operator",
        ),
        ("1 2", "syntax: Syntax error: 2"),
        ("a ! b", "syntax: Unknown operator: \"!\""),
        ("'\\q'", "syntax: Unsupported escape sequence: \\\"q\""),
        (
            "'\\u12'",
            "syntax: The escape sequence \\u must be followed by 4 hex digits",
        ),
        (
            "`a",
            "syntax: Quoted property name must be terminated with a backquote (`)",
        ),
        ("/* a", "syntax: Comment has no closing tag"),
        ("1e999", "syntax: Number out of range: \"1e999\""),
        (
            "a.1",
            "syntax: The literal value 1 cannot be used as a step within a path expression",
        ),
        (
            "%",
            "syntax: The object representing the 'parent' cannot be derived from this expression",
        ),
        ("/(/", "syntax: No terminating / in regular expression"),
        (
            "/[b-a]/",
            "syntax: Invalid regular expression: /[b-a]/: Range out of order in character class",
        ),
        (
            "/a**/",
            "syntax: Invalid regular expression: /a**/: Nothing to repeat",
        ),
    ]);
    let error = Expression::parse("é + )").expect_err("it is no expression");
    assert_eq!((error.code, error.position), ("S0211", 5));
}

#[test]
fn random_numbers_and_the_time_come_from_outside() {
    check(&[
        ("$now()", "\"2025-01-02T03:04:05.678Z\""),
        ("$millis()", "1735787045678"),
        ("$now('[Y]-[M01]-[D01]', '+0200')", "\"2025-01-02\""),
        ("$shuffle([1..8]) = $shuffle([1..8])", "false"),
        ("$sort($shuffle([1..8]))", "[1,2,3,4,5,6,7,8]"),
    ]);
}

fn with_variables(source: &str, variables: &[(&str, &str)]) -> String {
    let variables = variables.iter().map(|(name, text)| {
        (
            name.to_string(),
            expr::json::parse(text).expect("it is JSON"),
        )
    });
    let world = World {
        data: None,
        variables: variables.collect(),
    };
    let expression = Expression::parse(source).expect("it is an expression");
    match evaluate(&expression, &world, &Limits::default()) {
        Ok(Answer::Value(value)) => value.to_text(),
        other => format!("{other:?}"),
    }
}

#[test]
fn variables_come_before_functions_and_after_what_the_expression_binds() {
    let variables = [("count", "7"), ("x", "{\"a\":[1,2]}")];
    assert_eq!(with_variables("$count + 1", &variables), "8");
    assert_eq!(with_variables("$x.a[1]", &variables), "2");
    assert_eq!(with_variables("($x := 1; $x)", &variables), "1");
    assert_eq!(
        with_variables("$map($x.a, function($x){$x*2})", &variables),
        "[2,4]"
    );
}

#[test]
fn what_is_not_touched_leaves_as_it_came() {
    let variables = [(
        "v",
        "{\"big\":123456789012345678901234567890,\"one\":1.0,\"e\":1E2,\"id\":9007199254740993}",
    )];
    let table = [
        ("$v.big", "123456789012345678901234567890"),
        ("$v.one", "1.0"),
        ("$v.one + 0", "1"),
        ("[$v.e]", "[1E2]"),
        ("{ 'id': $v.id }", "{\"id\":9007199254740993}"),
        ("$string($v.id)", "\"9007199254740993\""),
        ("$v.one = 1", "true"),
        ("$max([$v.one, 2])", "2"),
    ];
    for (source, expected) in table {
        assert_eq!(with_variables(source, &variables), expected, "{source}");
    }
}

#[test]
fn a_function_is_no_answer() {
    check(&[
        ("$f := function($x){$x}", "unsupported"),
        ("$sum", "unsupported"),
        ("{ 'a': [function(){1}] }", "unsupported"),
        ("1/0", "D1001: Number out of range: null"),
        ("/a/('xax')", "unsupported"),
        ("/a/('xax').start", "1"),
    ]);
}

#[test]
fn an_expression_goes_from_thread_to_thread() {
    fn is_shared<T: Send + Sync + Clone + std::fmt::Debug>() {}
    is_shared::<Expression>();
}

#[test]
fn nothing_is_kept_after_an_evaluation() {
    let text: Arc<str> = "kept".into();
    let world = World {
        data: None,
        variables: vec![("v".to_owned(), Value::String(text.clone()))],
    };
    let sources = [
        "($f := function(){ [$f, $v] }; $x := $v; $count($f()))",
        "($a := function(){ $b }; $b := function(){ $a }; $x := $v; $b())",
        "($o := {'f': function(){ $o }, 'v': $v}; $o.f(); 1)",
        "($f := $substring($v, ?); $g := $f ~> function($y){ $g }; 1)",
        "($f := |$|{'a': $f, 'v': $v}|; {'q': 1} ~> $f)",
        "$v ~> |$|{'a': function(){$}}|",
        "[$v].{'a': function(){$}}@$y.{'b': $y, 'f': function(){$y}}",
    ];
    let before = Arc::strong_count(&text);
    for source in sources {
        let expression = Expression::parse(source).expect("it is an expression");
        let _ = evaluate(&expression, &world, &Limits::default());
        assert_eq!(Arc::strong_count(&text), before, "{source}");
    }
}

fn references(source: &str) -> Vec<String> {
    let expression = Expression::parse(source).expect("it is an expression");
    let mut found = Vec::new();
    expression.visit_references(&mut |reference| {
        found.push(match reference {
            Reference::Variable { name, path } => path
                .iter()
                .fold(name.to_owned(), |text, field| format!("{text}.{field}")),
            Reference::Root(root) => root.to_owned(),
            Reference::Field(name) => format!("field {name}"),
        });
    });
    found
}

#[test]
fn references_are_what_is_used_and_not_bound() {
    let table: &[(&str, &[&str])] = &[
        ("$states.input.x", &["states.input.x"]),
        ("$states.input[0].x", &["states.input"]),
        ("$states[0].input", &["states"]),
        ("$states.input.(x)", &["states.input"]),
        ("$a + $b.c", &["a", "b.c"]),
        ("$sum($a)", &["a"]),
        ("$map($a, $uppercase)", &["a"]),
        ("$mine($a)", &["mine", "a"]),
        ("($x := $a; $x + $y)", &["a", "y"]),
        ("($x := $x; $x)", &["x"]),
        ("($x; $x := 1; $x)", &["x"]),
        ("(($x := 1); $x)", &["x"]),
        (
            "($f := function(){ $g() }; $g := function(){ $f() }; $f())",
            &[],
        ),
        ("function($x){ $x + $y }", &["y"]),
        ("$map($a, function($v){ $v.b + $c.d })", &["a", "c.d"]),
        ("$a@$x.b#$i.{ 'k': $x, 'i': $i, 'n': $n }", &["a", "n"]),
        ("$a[b = $c.d]", &["a", "c.d"]),
        ("$a^(b, >$c)", &["a", "c"]),
        ("{ 'k': $a, $b: 1 }", &["a", "b"]),
        ("$a{ $b: $c }", &["a", "b", "c"]),
        ("$a ? $b : $c", &["a", "b", "c"]),
        ("$a ~> |$|{'x': $b}, $c|", &["a", "b", "c"]),
        ("$f(?, $a)", &["f", "a"]),
        ("$a ~> $f", &["a", "f"]),
        ("-$a & ($b in [$c..$d])", &["a", "b", "c", "d"]),
        ("$", &["$"]),
        ("$$", &["$$"]),
        ("$.a", &["$"]),
        ("$$.a.b", &["$$"]),
        ("[$, {'a': $$}]", &["$", "$$"]),
        ("($; $x := $)", &["$", "$"]),
        ("$a[$ > 1]", &["a"]),
        ("$a.$", &["a"]),
        ("$a.($ + $$)", &["a"]),
        ("$map($a, function(){ $ })", &["a"]),
        ("$a^($)", &["a"]),
        ("a.b", &["field a"]),
        ("$x.a[b = c].d", &["x.a"]),
        ("$f(a)", &["f", "field a"]),
    ];
    for (source, expected) in table {
        assert_eq!(references(source), *expected, "{source}");
    }
}
