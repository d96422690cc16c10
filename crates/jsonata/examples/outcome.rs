//! temp
use std::io::BufRead;
#[path = "../tests/world/mod.rs"]
mod world;
use expr::Value;
use jsonata::{Answer, Expression, Limits};
fn main() {
    for line in std::io::stdin().lock().lines() {
        let case = expr::json::parse(&line.unwrap()).unwrap();
        let source = case.get("expr").and_then(Value::as_str).unwrap();
        let variables = case.get("bindings").and_then(Value::as_object).map(|members| {
            members.iter().map(|(name, value)| (name.to_string(), value.clone())).collect()
        });
        let world = world::World { data: case.get("data").cloned(), variables: variables.unwrap_or_default() };
        let text = match Expression::parse(source) {
            Err(error) => format!("syntax {} {}: {}", error.code, error.position, error.message),
            Ok(expression) => match world::evaluate(&expression, &world, &Limits::default()) {
                Ok(Answer::Undefined) => "undefined".to_owned(),
                Ok(Answer::Value(value)) => value.to_text(),
                Ok(Answer::Unsupported) => "unsupported".to_owned(),
                Err(error) => error.to_string(),
            },
        };
        println!("{}", text.chars().take(300).collect::<String>().replace('\n', "\\n"));
    }
}
