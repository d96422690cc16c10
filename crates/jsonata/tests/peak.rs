//! What an evaluation takes of real memory at most: a small factor of its limit, whatever it makes.
//!
//! One test alone in its binary, since the allocator counts for all threads.

mod world;

use jsonata::Limits;
use peak_alloc::PeakAlloc;
use world::outcome_within;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const MIB: usize = 1024 * 1024;

#[test]
fn the_peak_is_a_small_factor_of_the_limit() {
    let limits = Limits {
        steps: 4_000_000,
        bytes: 32 * MIB,
        ..Limits::default()
    };
    let sources = [
        "$map([1..1e7], function($x){ {'a': $x} })",
        "[1..1e7].{'a': $}",
        "[1..1e7].{'a': $, 'b': 1, 'c': 2}",
        "[1..1e7].[$]",
        "[1..1e7].('x' & $)",
        "[1..1e7]{$string($): $}",
        "$map([1..1e7], function($x){ function(){ $x } })",
        "$zip([1..1e6], [1..1e6])",
        "$split($pad('', 300000, 'ab'), 'a')",
        "$split($pad('', 300000, 'ab'), /a/)",
        "$match($pad('', 300000, 'ab'), /a/)",
        "$partition([1..1e6], 1)",
        "$spread($merge([1..1e7].{$string($): $}))",
        "$parse('[' & $pad('1', 1000000, ',1') & ']')",
        "$parse('[' & $pad('{}', 1000000, ',{}') & ']')",
        "$distinct([1..1e6])",
        "$sort([1..300000])",
        "[1..300000]^(>$)",
        "[1..1e6]#$i@$x",
        "([1..250000].{'a': $}) ~> |$|{'b': 1}|",
        "$reduce([1..1e6], function($a, $x){ $append($a, [[$x]]) }, [])",
        "$reduce([1..1e6], function($a, $x){ $a & '0123456789abcdef' & $x }, '')",
        "($d := function($s, $n){ $n = 0 ? $s : $d($s & $s, $n - 1) }; $d('12345678', 30))",
        "($d := function($s, $n){ $n = 0 ? $s : $d($append($s, $s), $n - 1) }; $d([1, 2], 30))",
        "($f := function($x, $n){ $n = 0 ? $x : $f({'a': $x, 'b': $x}, $n - 1) }; $f(1, 16))",
        "($f := function($x, $n){ $n = 0 ? $x : $f([[$x], [$x]], $n - 1) }; $f(1, 18))",
        "$contains($pad('', 400000, 'a'), /(?:a|b)*c/)",
        "$formatNumber(1, $pad('', 1000000, '0'))",
        "$uppercase($pad('', 1000000, 'ß'))",
        "$base64decode($pad('', 1000000, 'é'))",
    ];
    let mut wrong = Vec::new();
    for source in sources {
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let found = outcome_within(source, "", &limits);
        let peak = MEMORY.peak_usage() - before;
        let end: String = found.chars().take(5).collect();
        println!(
            "{:>6.2} {end:>6} {source}",
            peak as f64 / limits.bytes as f64
        );
        // The text of an answer is the test's own.
        if end.starts_with('U') && peak > 2 * limits.bytes {
            wrong.push(format!("{source}: {} MiB", peak / MIB));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
