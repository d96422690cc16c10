//! The table of response shapes, read when it is first asked.
//!
//! `shapes.txt` has one line for each fact, beginning with a sign: `@` a service, `>` an operation and its shape, `{` a
//! structure with its members (`!` before a required one), `[` a list of a shape, `%` an object of values of a shape, `e`
//! one of a set of texts, `s` a text and `n` a number with the least and the most (`-` for none), `*` anything. Besides
//! the shapes that a service names there are `s`, `n` and `b`: any text, number, boolean.

use std::collections::HashMap;
use std::sync::OnceLock;

const SHAPES: &str = include_str!("shapes.txt");

/// What a service's operations answer.
#[derive(Debug, Default)]
pub(super) struct Service {
    operations: HashMap<&'static str, &'static str>,
    shapes: HashMap<&'static str, Shape>,
}

/// What a value must be.
#[derive(Debug)]
pub(super) enum Shape {
    Structure(Vec<Member>),
    List(&'static str),
    Map(&'static str),
    Enumerated(Vec<&'static str>),
    /// Characters at least and at most.
    Text(Option<f64>, Option<f64>),
    Number(Option<f64>, Option<f64>),
    Boolean,
    Anything,
}

/// A member of a structure.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) shape: &'static str,
    pub(super) required: bool,
}

impl Service {
    /// The service that Step Functions calls so, if its answers are known.
    pub(super) fn find(name: &str) -> Option<&'static Service> {
        static TABLE: OnceLock<HashMap<&'static str, Service>> = OnceLock::new();
        TABLE.get_or_init(read).get(name)
    }

    /// The name of what an operation answers.
    pub(super) fn answer(&self, operation: &str) -> Option<&'static str> {
        self.operations.get(operation).copied()
    }

    /// A shape by its name.
    pub(super) fn shape(&self, name: &str) -> &Shape {
        match name {
            "s" => &Shape::Text(None, None),
            "n" => &Shape::Number(None, None),
            "b" => &Shape::Boolean,
            _ => self.shapes.get(name).unwrap_or(&Shape::Anything),
        }
    }
}

fn read() -> HashMap<&'static str, Service> {
    let mut services = HashMap::new();
    let mut name = "";
    for line in SHAPES.lines() {
        let mut words = line.split(' ');
        let (sign, subject) = (words.next().unwrap_or_default(), words.next());
        let Some(subject) = subject else { continue };
        if sign == "@" {
            name = subject;
        }
        let service: &mut Service = services.entry(name).or_default();
        let mut next = || words.next().unwrap_or_default();
        let shape = match sign {
            ">" => {
                service.operations.insert(subject, next());
                continue;
            }
            "[" => Shape::List(next()),
            "%" => Shape::Map(next()),
            "e" => Shape::Enumerated(next().split('|').collect()),
            "s" => Shape::Text(next().parse().ok(), next().parse().ok()),
            "n" => Shape::Number(next().parse().ok(), next().parse().ok()),
            "{" => Shape::Structure(words.filter_map(member).collect()),
            _ => continue,
        };
        service.shapes.insert(subject, shape);
    }
    services
}

fn member(word: &'static str) -> Option<Member> {
    let (name, shape) = word.split_once('=')?;
    Some(Member {
        name: name.trim_start_matches('!'),
        shape,
        required: name.starts_with('!'),
    })
}
