//! Every evaluation ends, whatever the expression: with an answer or with the limit it exceeded.

mod world;

use jsonata::Limits;
use world::{outcome, outcome_within};

const STEPS: &str = "U1002";
const BYTES: &str = "U1003";
const DEPTH: &str = "U1001";
const NESTED: &str = "U1004";

fn ends_with(limit: &str, sources: &[&str]) {
    let limits = Limits {
        // Debug builds are slow; the limits of a release differ in numbers only.
        steps: 400_000,
        bytes: 8 * 1024 * 1024,
        ..Limits::default()
    };
    for source in sources {
        let found = outcome_within(source, "{\"a\":[1,2,{\"b\":[1,2,3]}]}", &limits);
        let shown: String = found.chars().take(200).collect();
        assert!(
            shown.starts_with(limit),
            "{source}\n  expected {limit}\n  found    {shown}"
        );
    }
}

#[test]
fn memory() {
    ends_with(
        BYTES,
        &[
            "$pad('x', 2e9)",
            "$pad('x', -1e300)",
            "($d := function($s,$n){ $n = 0 ? $s : $d($s & $s, $n-1) }; $d('xxxxxxxx', 40))",
            "[1..1e7]",
            "[[1..1e7],[1..1e7]]",
            "$reverse([1..1e7])",
            "$append([1..1e7],[1..1e7])",
            "$zip([1..1e7],[1..1e7])",
            "$shuffle([1..1e7])",
            "$sort([1..1e7])",
            "$distinct([1..1e7])",
            "$reduce([1..100], function($a,$b){ $append($a,$a) }, [1])",
            "$split($pad('', 500000, 'a'), '')",
            "$uppercase($pad('x', 7000000))",
            "($d := function($s,$n){ $n = 0 ? $s : $d($s & $s, $n-1) }; $encodeUrl($d('ééééééééé', 17)))",
            "$partition([1..200000], 1)",
            "[[1..1e7],1].*",
            "[[1..1e7],1].**",
            "[[1..1e7],1]#$i.*",
            "[1..1e7]{'a':$}",
            "[1..1e7]@$x{'a':$x}",
            "[1..1e7]@$x^($).$x",
            "$ ~> |[1..1e7]|{}|",
            "$ ~> |$|{}, [1..1e7]|",
            "($f := function($x,$n){ $n = 0 ? $x : $f({'a':$x,'b':$x}, $n-1) }; $f(1,60))",
            "($f := function($x,$n){ $n = 0 ? $x : $f({'a':$x,'b':$x}, $n-1) }; $f(1,60) ~> |a|{}|)",
        ],
    );
}

#[test]
fn work() {
    ends_with(
        STEPS,
        &[
            "($f := function(){ $f() }; $f())",
            "($f := function($x){ $x ? $f($x) : 1 }; $f(1))",
            "($f := function($x){ ($y := $x; $f($y + 1)) }; $f(1))",
            "$map([1..1e7], function($x){$x})",
            "$sum([1..1e7])",
            "$count([1..1e7][$ > 5])",
            "$match('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', /(a+)+b/)",
            "$match($pad('', 20000, 'a'), /a*a*a*b/)",
            "$contains($pad('', 20000, 'a'), /(.*)(.*)(.*)x/)",
            "$contains($pad('', 20000, 'a'), /(?=(a+))\\1b/)",
            "$contains('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', /^(a|a)*$(?<=b)/)",
            "$distinct([1..2000].[[[$]]])",
            "($a := [1..10000]; $map($a, function($x){ $count($a[$ = $x]) }))",
            "($f := function($x,$n){ $n = 0 ? $x : $f({'a':$x,'b':$x}, $n-1) }; $f(1,60) = $f(1,60))",
            "($f := function($x,$n){ $n = 0 ? $x : $f([[$x],[$x]], $n-1) }; $boolean($f(0,60)))",
            "($f := function($x,$n){ $n = 0 ? $x : $f([[$x],[$x]], $n-1) }; $keys($f(0,60)))",
            "$replace($pad('', 500000, 'a'), /a/, 'b')",
        ],
    );
}

#[test]
fn depth() {
    ends_with(
        DEPTH,
        &[
            "($f := function(){ 1 + $f() }; $f())",
            "($f := function($x){ [$f($x)] }; $f(1))",
            "($f := function($n){ $map([$n], function($x){ $f($x-1) }) }; $f(100000))",
            "($f := function($n){ $sort([1,2], function($x,$y){ $f($x-1) }) }; $f(100000))",
            "($f := function($n){ $replace('a', /a/, function($x){ $f($n) }) }; $f(1))",
            "($c := function($n,$f){ $n = 0 ? $f : $c($n-1, $f ~> $abs) }; $c(7000,$abs)(5))",
        ],
    );
    ends_with(
        NESTED,
        &[
            "($f := function($x){ $f({'a': $x}) }; $f(1))",
            "{'a': {'b': $parse($pad('', 999, '[') & $pad('', 999, ']'))}}",
        ],
    );
}

#[test]
fn ranges() {
    ends_with(
        "D2014",
        &["[1..1e9]", "[0..10000000]", "$range(1, 1e12, 1)"],
    );
    assert_eq!(outcome("$count([1..10000000])", ""), "10000000");
}

#[test]
fn chains_of_functions_of_any_length_are_dropped() {
    for source in [
        "($c := function($n,$f){ $n = 0 ? 1 : $c($n-1, function(){ $f() }) }; $c(50000,$abs))",
        "($c := function($n,$f){ $n = 0 ? 1 : $c($n-1, $f ~> $abs) }; $c(50000,$abs))",
        "($c := function($n,$f){ $n = 0 ? 1 : $c($n-1, $substring($f,?)) }; $c(50000,$abs))",
        "($c := function($n,$f){ $n = 0 ? 1 : $c($n-1, [function(){ $f }]) }; $c(50000,$abs))",
    ] {
        assert_eq!(outcome(source, ""), "1", "{source}");
    }
}

#[test]
fn deep_documents() {
    let deep = "$parse($pad('', 998, '[') & '1' & $pad('', 998, ']'))";
    for (source, expected) in [
        (format!("{deep} = {deep}"), "true"),
        (format!("$length($string({deep}))"), "1997"),
        (format!("{deep}.a"), "undefined"),
        (format!("$boolean({deep})"), "true"),
        (format!("{deep}.**"), "1"),
        (format!("{deep}.*"), "[1]"),
        (format!("$count($distinct([[{deep}], [{deep}]]))"), "1"),
    ] {
        assert_eq!(outcome(&source, ""), expected, "{source}");
    }
}

#[test]
fn deep_sources() {
    for source in [
        format!("{}1{}", "(".repeat(3000), ")".repeat(3000)),
        format!("{}1{}", "[".repeat(3000), "]".repeat(3000)),
        format!("{}1{}", "{'a':".repeat(3000), "}".repeat(3000)),
        format!("{}1{}", "function(){".repeat(3000), "}".repeat(3000)),
        format!("{}1", "-".repeat(100_000)),
        format!("{}1", "x ? ".repeat(3000)),
        format!("1{}", "+1".repeat(3000)),
        format!("a{}", ".a".repeat(3000)),
        format!("a{}", "[0]".repeat(3000)),
        format!("1{}", " ~> $f".repeat(3000)),
        format!("$f{}", "()".repeat(3000)),
    ] {
        assert_eq!(
            outcome(&source, ""),
            "syntax: The expression is nested too deeply"
        );
    }
    let nested = format!("{}1{}", "(".repeat(400), ")".repeat(400));
    assert_eq!(outcome(&nested, ""), "1");
    let long = format!("''{}", " & 'a'".repeat(900));
    assert_eq!(outcome(&format!("$length({long})"), ""), "900");
    for pattern in [
        format!("/{}a{}/", "(".repeat(3000), ")".repeat(3000)),
        "/(((a{1000}){1000}){1000})/".to_owned(),
    ] {
        let found = outcome(&pattern, "");
        assert!(found.ends_with("Regular expression too large"), "{found}");
    }
}

/// Work in proportion to something large is paid for wherever it is done.
#[test]
fn hidden_work() {
    ends_with(
        STEPS,
        &[
            "($s := $pad('', 200000, 'a'); $f := /b/; $map([1..2000], function($x){ $f($s, 199999) }))",
            "($s := $pad('', 200000, 'a'); $map([1..2000], function($x){ $lookup({'a':1}, $s) }))",
            "($s := $pad('', 200000, 'a'); $map([1..2000], function($x){ {$s:1} }))",
            "($s := {$pad('', 200000, 'a'):1}; $map([1..2000], function($x){ $merge([$s,{}]) }))",
            "($s := {$pad('', 200000, 'a'):1}; $map([1..2000], function($x){ $keys($s) }))",
            "($s := {$pad('', 200000, 'a'):1}; $map([1..2000], function($x){ $sift($s, function($v){true}) }))",
            "($s := {$pad('', 200000, 'a'):1}; $map([1..2000], function($x){ $spread($s) }))",
            "($s := $pad('', 200000, 'a'); $t := $s & ''; $map([1..2000], function($x){ $s = $t }))",
            "($s := $pad('', 200000, 'a'); $t := $s & ''; $map([1..2000], function($x){ $s in $t }))",
            "($s := $pad('', 200000, 'a'); $t := [$s & '', 1]; $map([1..2000], function($x){ $s in $t }))",
            "($s := $pad('', 200000, 'a'); $t := $s & ''; $map([1..2000], function($x){ {$s:1} = {$t:1} }))",
            "($s := $pad('', 200000, 'a'); $t := $s & ''; $map([1..2000], function($x){ [{'a':$s},{'a':$t}]^(a) }))",
            "$map([1..10000], function($x){ $formatNumber(1e300, '0') })",
            "$map([1..10000], function($x){ $formatBase(1e300, 2) })",
            "$map([1..10000], function($x){ $formatInteger(1e300, '0') })",
            "($s := $pad('', 200000, 'a'); $map([1..2000], function($x){ $contains($s, /(?=(a+))b\\1/) }))",
        ],
    );
    // A thousand captures that are forgotten in every iteration, or before every attempt.
    let groups = "(a)?".repeat(1000);
    let forgets = format!("$contains($pad('', 10000, 'a'), /(?:{groups}b?)*c/)");
    let attempts = format!("$contains($pad('', 20000, 'b'), /(?:b{groups}c|[b]{groups}c)/)");
    // As many parameters as arguments, the last of which does not fit.
    let parameters = "n?".repeat(1000);
    let arguments = "1,".repeat(1000);
    let mismatch = format!(
        "($f := function()<{parameters}>{{1}}; $map([1..100], function($x){{ $f({arguments}'a') }}))"
    );
    let fits = format!(
        "($f := function()<{parameters}>{{1}}; $map([1..100], function($x){{ $f({arguments}1) }}))"
    );
    ends_with(STEPS, &[&forgets, &attempts]);
    ends_with("T0410", &[&mismatch]);
    ends_with("T0410", &[&fits]);
}

/// What a search has waiting is memory too.
#[test]
fn the_stack_of_a_regular_expression() {
    ends_with(BYTES, &["$contains($pad('', 90000, 'a'), /(?:a|b)*c/)"]);
}

/// Memory that nobody holds any more is given back, so that what accumulates is bounded by its size.
#[test]
fn accumulation() {
    for (source, expected) in [
        (
            "$count($reduce([1..2000], function($a,$i){ $append($a,$i) }, []))",
            "2000",
        ),
        (
            "$length($reduce([1..2500], function($a,$i){ $a & '12345678901234567890' }, ''))",
            "50000",
        ),
        (
            "$count($keys($reduce([1..1500], function($a,$i){ $merge([$a, {$string($i): $i}]) }, {})))",
            "1500",
        ),
        (
            "($s := $pad('', 100000, 'a'); $count($map([1..1000], function($i){ $substring($s, $i, 10) })))",
            "1000",
        ),
        ("$count($distinct([1..2500].{'id': $}))", "2500"),
        (
            "$count($distinct([1..2500].{'b': {'c': 1}, 'id': 'row ' & $}))",
            "2500",
        ),
        (
            "($f := function($s,$n){ $n = 0 ? $length($s) : $f($s & 'x', $n - 1) }; $f('', 20000))",
            "20000",
        ),
    ] {
        assert_eq!(outcome(source, ""), expected, "{source}");
    }
}

/// Texts made of the language's own pieces: nothing panics, and everything ends.
#[test]
fn random_expressions() {
    const PIECES: &[&str] = &[
        "a",
        "b",
        "$",
        "$$",
        "$x",
        "%",
        "*",
        "**",
        ".",
        "[",
        "]",
        "{",
        "}",
        "(",
        ")",
        ",",
        ":",
        ";",
        "?",
        ":=",
        "~>",
        "@",
        "#",
        "^(",
        "|",
        "1",
        "-1",
        "0",
        "2.5",
        "'s'",
        "\"é😀\"",
        "/a+/",
        "/(x)|y/i",
        "and",
        "or",
        "in",
        "=",
        "!=",
        "<",
        ">",
        "<=",
        "&",
        "+",
        "-",
        "/",
        "..",
        "[]",
        "[0]",
        "[$>1]",
        "function(",
        "function($x){$x}",
        "$map(",
        "$filter(",
        "$reduce(",
        "$sort(",
        "$string(",
        "$sum(",
        "$replace(",
        "$match(",
        "$split(",
        "$substring(",
        "$pad(",
        "$merge(",
        "$each(",
        "$sift(",
        "$zip(",
        "$keys(",
        "$number(",
        "$round(",
        "$formatNumber(",
        "$fromMillis(",
        "$toMillis(",
        "$append(",
        "$spread(",
        "<s-:n>",
        "true",
        "null",
        " ",
    ];
    use expr::Entropy;
    let seed = 20_261_122;
    println!("seed {seed}");
    let mut random = world::Seeded(seed);
    let limits = Limits {
        steps: 20_000,
        bytes: 1024 * 1024,
        ..Limits::default()
    };
    let data = "{\"a\":[1,{\"b\":[2,3]},\"x\"],\"b\":{\"a\":null,\"c\":1.5}}";
    let mut answers = 0;
    for _ in 0..20_000 {
        let length = random.next_u64() % 12 + 1;
        let pick =
            |random: &mut world::Seeded| PIECES[(random.next_u64() % PIECES.len() as u64) as usize];
        let source: String = (0..length).map(|_| pick(&mut random)).collect();
        answers += usize::from(!outcome_within(&source, data, &limits).starts_with("syntax"));
    }
    assert!(answers > 300, "too few of them were expressions: {answers}");
}
