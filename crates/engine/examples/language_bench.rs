//! How long the language takes, in one process and without a disk: paths, a Pass state, a Map by its size, a definition.
//!
//! `cargo run --release -p engine --example language_bench`. Prints the median of several rounds; compare figures of one
//! run with each other, not with those of another machine.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::step::Limits;
use engine::{Command, Execution, Facts, Input, Machinery, Timestamp, step};
use expr::json::{Document, Value, parse};
use expr::path::Path;
use expr::{Entropy, Roots};

const ROUNDS: usize = 9;

/// The server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    println!("{:<52} {:>12}", "what", "median");
    paths();
    passes();
    maps();
    definitions();
}

/// The median time of one call of `work`, which is called `times` times a round.
fn median(times: usize, mut work: impl FnMut()) -> Duration {
    let mut rounds: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            for _ in 0..times {
                work();
            }
            began.elapsed() / times as u32
        })
        .collect();
    rounds.sort();
    rounds[ROUNDS / 2]
}

fn show(what: &str, time: Duration) {
    println!("{what:<52} {:>9.3} us", time.as_secs_f64() * 1e6);
}

struct Over(Value);

impl Roots for Over {
    fn input(&self) -> &Value {
        &self.0
    }

    fn context(&self) -> &Value {
        &Value::Null
    }

    fn variable(&self, _name: &str) -> Option<&Value> {
        None
    }
}

fn paths() {
    let order = r#"{"order":{"id":"o-1","lines":[{"sku":"a","n":2},{"sku":"b","n":1}],"customer":{"name":"N"}}}"#;
    let roots = Over(parse(order).expect("JSON"));
    for source in [
        "$.order.customer.name",
        "$.order.lines[1].sku",
        "$.order.lines[*].n",
        "$..sku",
    ] {
        let path = Path::parse(source).expect("a path");
        let time = median(100_000, || {
            black_box(path.eval(black_box(&roots)).is_ok());
        });
        show(&format!("path {source}"), time);
    }
}

struct Counter(u64);

impl Entropy for Counter {
    fn next_u64(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

/// Runs a machine that waits for nothing; the number of events.
fn run(machine: &asl::Machine, input: &Document, limits: &Limits) -> u64 {
    let started = Timestamp(1_700_000_000_000);
    let mut execution = Execution::new(Arc::new(Facts {
        arn: "arn:aws:states:us-east-1:123456789012:execution:M:E".into(),
        name: "E".into(),
        machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:M".into(),
        machine_name: "M".into(),
        role_arn: "arn:aws:iam::123456789012:role/R".into(),
        region: "us-east-1".into(),
        started,
        input: input.clone(),
        test_case: None,
    }));
    let mut entropy = Counter(0);
    let mut next = Input::Start;
    loop {
        let machinery = Machinery {
            machine,
            limits,
            entropy: &mut entropy,
            surroundings: &engine::Alone,
        };
        let made = step(machinery, &mut execution, next, started);
        assert!(
            made.commands
                .iter()
                .all(|command| !matches!(command, Command::RunTask { .. })),
            "nothing is called"
        );
        execution.take_changed();
        execution.take_changed_variables();
        if !made.more {
            assert!(execution.is_closed(), "it ends");
            return execution.last_event;
        }
        next = Input::Continue;
    }
}

fn compile(definition: &str) -> asl::Machine {
    asl::compile(definition, &asl::Options::default())
        .unwrap_or_else(|found| panic!("{}", asl::invalid_definition_message(&found)))
}

/// A chain of Pass states with these fields.
fn chain(length: usize, fields: &str) -> String {
    let states: Vec<String> = (0..length)
        .map(|n| match n + 1 == length {
            true => format!(r#""S{n}":{{"Type":"Pass",{fields}"End":true}}"#),
            false => format!(r#""S{n}":{{"Type":"Pass",{fields}"Next":"S{}"}}"#, n + 1),
        })
        .collect();
    format!(r#"{{"StartAt":"S0","States":{{{}}}}}"#, states.join(","))
}

fn passes() {
    const STATES: usize = 100;
    let input = Document::parse(r#"{"a":{"b":1},"c":[1,2,3]}"#).expect("JSON");
    let limits = Limits::default();
    for (what, fields) in [
        ("plain", ""),
        (
            "Parameters and ResultPath",
            r#""Parameters":{"x.$":"$.a.b","y":1},"ResultPath":"$.r","#,
        ),
        (
            "JSONata Output",
            r#""QueryLanguage":"JSONata","Output":{"a":{"b":"{% $states.input.a.b + 1 %}"}},"#,
        ),
        ("Assign", r#""Assign":{"x.$":"$.a"},"#),
    ] {
        let machine = compile(&chain(STATES, fields));
        let time = median(100, || {
            black_box(run(&machine, &input, &limits));
        });
        show(&format!("Pass state, {what}"), time / STATES as u32);
    }
}

fn maps() {
    let definition = |processor: &str| {
        compile(&format!(
            r#"{{"StartAt":"M","States":{{"M":{{"Type":"Map","End":true,"ItemProcessor":{{"StartAt":"I","States":{{{processor}}}}}}}}}}}"#
        ))
    };
    let limits = Limits {
        history_events: u64::MAX,
        ..Limits::default()
    };
    for (what, processor) in [
        ("one Pass", r#""I":{"Type":"Pass","End":true}"#),
        (
            "Assign, then Pass",
            r#""I":{"Type":"Pass","Assign":{"x.$":"$"},"Next":"J"},"J":{"Type":"Pass","InputPath":"$x","End":true}"#,
        ),
    ] {
        let machine = definition(processor);
        for items in [1_000, 2_000, 5_000, 10_000] {
            let input = Value::array((0..items).map(Value::int).collect());
            let input = Document::from_value(input);
            let time = median(3, || {
                black_box(run(&machine, &input, &limits));
            });
            show(
                &format!("Map of {items}, {what}, per item"),
                time / items as u32,
            );
        }
    }
}

fn definitions() {
    let fields = r#""Comment":"a state of the usual size","Parameters":{"order.$":"$.order","id.$":"States.UUID()","at.$":"$$.State.EnteredTime"},"ResultPath":"$.result","#;
    let state = chain(1, fields).len();
    let definition = chain(100_000 / state, fields);
    let time = median(20, || {
        black_box(asl::validate(
            black_box(&definition),
            &asl::Options::default(),
        ));
    });
    show(
        &format!("validate a definition of {} KB", definition.len() / 1000),
        time,
    );
}
