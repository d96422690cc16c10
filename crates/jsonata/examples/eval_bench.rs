//! Nanoseconds of an evaluation.
//!
//! `cargo run --release -p jsonata --example eval_bench`

use std::hint::black_box;
use std::time::{Duration, Instant};

use expr::{Entropy, Value};
use jsonata::{Expression, Limits, Machinery, Scope};

const EXPRESSIONS: &[(&str, &str)] = &[
    ("a field of the input", "$states.input.a.b"),
    ("the whole input", "$states.input"),
    ("arithmetic", "$states.input.n * 2 + 1"),
    ("string concat", "'Hello ' & $states.input.s & '!'"),
    (
        "comparison",
        "$states.input.n > 10 and $states.input.s = 'world'",
    ),
    (
        "object of three",
        "{ 'n': $states.input.n, 's': $states.input.s, 'l': [1, 2, 3] }",
    ),
    ("$sum over 1,000", "$sum($states.input.rows.v)"),
    ("predicate over 1,000", "$states.input.rows[v > 500]"),
    (
        "$map over 1,000",
        "$map($states.input.rows, function($r) { $r.v * 2 })",
    ),
    (
        "tail calls, 1,000",
        "($f := function($n) { $n = 0 ? 0 : $f($n - 1) }; $f(1000))",
    ),
    ("regular expression", "$contains($states.input.s, /wor.d/)"),
];

struct States(Value);

impl Scope for States {
    fn variable(&self, name: &str) -> Option<Value> {
        (name == "states").then(|| self.0.clone())
    }
}

struct NoEntropy;

impl Entropy for NoEntropy {
    fn next_u64(&mut self) -> u64 {
        0
    }
}

fn main() {
    let scope = States(states());
    let limits = Limits::default();
    println!("{:24} {:>12} {:>12}", "", "parse ns", "eval ns");
    for (name, source) in EXPRESSIONS {
        let parse = measure(|| {
            black_box(Expression::parse(black_box(source)).expect("it is an expression"));
        });
        let expression = Expression::parse(source).expect("it is an expression");
        let eval = measure(|| {
            let mut machinery = Machinery {
                entropy: &mut NoEntropy,
                now_millis: 0,
                limits: &mut limits.clone(),
            };
            black_box(
                expression
                    .eval(&scope, &mut machinery)
                    .expect("it has a value"),
            );
        });
        println!("{name:24} {parse:>12.0} {eval:>12.0}");
    }
}

/// An input of about 256 KiB.
fn states() -> Value {
    let rows: Vec<String> = (0..1000)
        .map(|row| format!("{{\"v\":{row},\"filler\":\"{}\"}}", "x".repeat(220)))
        .collect();
    let text = format!(
        "{{\"input\":{{\"a\":{{\"b\":5}},\"n\":42,\"s\":\"world\",\"rows\":[{}]}}}}",
        rows.join(",")
    );
    expr::json::parse(&text).expect("it is JSON")
}

/// The mean of the best of five rounds.
fn measure(mut run: impl FnMut()) -> f64 {
    let mut count = 1_u32;
    loop {
        let elapsed = time(count, &mut run);
        if elapsed > Duration::from_millis(40) {
            break;
        }
        count = count.saturating_mul(2);
    }
    let rounds = (0..5)
        .map(|_| time(count, &mut run))
        .min()
        .unwrap_or_default();
    rounds.as_nanos() as f64 / f64::from(count)
}

fn time(count: u32, run: &mut impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..count {
        run();
    }
    start.elapsed()
}
