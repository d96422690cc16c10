//! The official test suite of JSONata (`../shared/jsonata`, beside the repository). It is not part
//! of the repository: where it is absent the test says so and passes.

mod world;

use std::fs;
use std::path::Path;

use expr::Value;
use jsonata::{Answer, Expression, Limits};
use world::{World, evaluate};

/// Why a case does not hold in the service's dialect, or cannot hold here.
fn excluded(group: &str, source: &str) -> Option<&'static str> {
    match group {
        "default-operator" => Some("`?:` came with JSONata 2.1"),
        "coalescing-operator" => Some("`??` came with JSONata 2.1"),
        "function-eval" => Some("there is no $eval"),
        _ if source.contains("$eval") => Some("there is no $eval"),
        "function-encodeUrl" | "function-encodeUrlComponent" if source.contains('\u{fffd}') => {
            Some("a lone surrogate, which is no text in UTF-8")
        }
        _ => None,
    }
}

struct Case {
    name: String,
    source: String,
    world: World,
    limits: Limits,
    expected: Expected,
    unordered: bool,
}

#[derive(Debug)]
enum Expected {
    Value(Value),
    Undefined,
    Error(String),
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

fn case(number: usize, line: &str) -> Case {
    let case = expr::json::parse(line).expect("the suite is JSON");
    let expected = match text(&case, "kind") {
        "result" => Expected::Value(case.get("result").cloned().unwrap_or(Value::Null)),
        "undef" => Expected::Undefined,
        _ => Expected::Error(text(&case, "code").to_owned()),
    };
    let variables = case
        .get("bindings")
        .and_then(Value::as_object)
        .map(|members| {
            members
                .iter()
                .map(|(name, value)| (name.to_string(), value.clone()))
                .collect()
        });
    let depth = case.get("depth").and_then(Value::as_i64);
    // Only where the case is about depth: the suite's default is too low for some of its own.
    let depth = depth.filter(|_| text(&case, "group") == "tail-recursion");
    Case {
        name: format!(
            "{} {}/{}",
            number + 1,
            text(&case, "group"),
            text(&case, "file")
        ),
        source: text(&case, "expr").to_owned(),
        world: World {
            data: case.get("data").cloned(),
            variables: variables.unwrap_or_default(),
        },
        limits: Limits {
            depth: depth.map_or(Limits::default().depth, |depth| depth as u32),
            ..Limits::default()
        },
        expected,
        unordered: case.get("unordered").and_then(Value::as_bool) == Some(true),
    }
}

fn answer(case: &Case) -> Result<Answer, String> {
    let expression = Expression::parse(&case.source).map_err(|error| error.code.to_owned())?;
    evaluate(&expression, &case.world, &case.limits).map_err(|error| error.code.to_owned())
}

fn holds(case: &Case) -> Result<(), String> {
    let answer = answer(case);
    let fits = match (&answer, &case.expected) {
        (Ok(Answer::Value(found)), Expected::Value(wanted)) => match case.unordered {
            true => same_items(found, wanted),
            false => found == wanted,
        },
        // The suite compares a function with what JSON makes of it: nothing.
        (Ok(Answer::Undefined | Answer::Unsupported), Expected::Undefined) => true,
        // One code for all limits there, one for each here.
        (Err(code), Expected::Error(wanted)) if wanted == "U1001" => code.starts_with("U100"),
        (Err(code), Expected::Error(wanted)) => code == wanted,
        _ => false,
    };
    match fits {
        true => Ok(()),
        false => Err(format!(
            "{}\n  {}\n  expected {:?}\n  found    {answer:?}",
            case.name, case.source, case.expected
        )),
    }
}

fn same_items(found: &Value, wanted: &Value) -> bool {
    let sorted = |value: &Value| {
        let mut texts: Vec<String> = value
            .as_array()
            .unwrap_or(&[])
            .iter()
            .map(Value::to_text)
            .collect();
        texts.sort();
        texts
    };
    sorted(found) == sorted(wanted)
}

#[test]
fn the_official_suite_holds() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/jsonata/suite.jsonl");
    let Ok(suite) = fs::read_to_string(&path) else {
        println!("skipped: {} is not there", path.display());
        return;
    };
    let (mut passed, mut left_out) = (0, 0);
    let mut failed = Vec::new();
    for (number, line) in suite.lines().enumerate() {
        let case = case(number, line);
        let group = case.name.split([' ', '/']).nth(1).unwrap_or("");
        if excluded(group, &case.source).is_some() {
            left_out += 1;
            continue;
        }
        match holds(&case) {
            Ok(()) => passed += 1,
            Err(failure) => failed.push(failure),
        }
    }
    println!(
        "passed {passed}, failed {}, excluded {left_out}",
        failed.len()
    );
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
