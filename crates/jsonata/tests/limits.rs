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
            "$encodeUrl($pad('', 900000, 'é'))",
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
            "$distinct([1..20000].{'a':$})",
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
