//! Filter patterns: which messages are wanted. Terms (`Failed`, `"two words"`, `?either ?or`, `-without`), and of JSON
//! messages a member (`{ $.type = "ExecutionFailed" }`), with `&&`, `||` and brackets.
//!
//! What the service takes beyond that (regular expressions, space-delimited fields) is refused.

use aws::ApiError;
use serde_json::Value;

use super::errors;

/// The longest pattern that the model allows.
const LONGEST: usize = 1_024;

/// See the module's documentation.
pub(super) struct Pattern(Kind);

enum Kind {
    Terms {
        all: Vec<String>,
        any: Vec<String>,
        none: Vec<String>,
    },
    Json(Condition),
}

enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Is(Comparison),
}

struct Comparison {
    path: Vec<Step>,
    operator: Operator,
    value: Literal,
}

enum Step {
    Member(String),
    Item(usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Is,
    Exists,
    NotExists,
}

/// What a member is compared with.
enum Literal {
    Nothing,
    Number(f64),
    /// With `*` for anything.
    Text(String),
    Word(Value),
}

impl Pattern {
    /// Of a text; the empty one wants everything.
    pub(super) fn read(text: &str) -> Result<Pattern, ApiError> {
        if text.len() > LONGEST {
            return Err(invalid());
        }
        let text = text.trim();
        let kind = match text.strip_prefix('{') {
            Some(rest) => {
                let inner = rest.strip_suffix('}').ok_or_else(invalid)?;
                Kind::Json(json(inner)?)
            }
            None => terms(text)?,
        };
        Ok(Pattern(kind))
    }

    /// Whether a message is wanted.
    pub(super) fn matches(&self, message: &str) -> bool {
        match &self.0 {
            Kind::Terms { all, any, none } => {
                let has = |term: &String| message.contains(term);
                all.iter().all(has)
                    && (any.is_empty() || any.iter().any(has))
                    && !none.iter().any(has)
            }
            Kind::Json(condition) => match serde_json::from_str::<Value>(message) {
                Ok(value) => condition.holds(&value),
                Err(_) => false,
            },
        }
    }
}

fn invalid() -> ApiError {
    errors::invalid("Invalid filter pattern")
}

fn terms(text: &str) -> Result<Kind, ApiError> {
    let (mut all, mut any, mut none) = (Vec::new(), Vec::new(), Vec::new());
    let mut rest = text;
    while !rest.is_empty() {
        let (list, after) = match rest.chars().next() {
            Some('?') => (&mut any, &rest[1..]),
            Some('-') => (&mut none, &rest[1..]),
            Some('[' | '%') => return Err(invalid()),
            _ => (&mut all, rest),
        };
        let (term, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or_else(invalid)?,
            None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        if term.is_empty() {
            return Err(invalid());
        }
        list.push(term.to_owned());
        rest = after.trim_start();
    }
    Ok(Kind::Terms { all, any, none })
}

fn json(text: &str) -> Result<Condition, ApiError> {
    let mut parser = Parser { rest: text.trim() };
    let condition = parser.any(0).ok_or_else(invalid)?;
    match parser.rest.is_empty() {
        true => Ok(condition),
        false => Err(invalid()),
    }
}

/// Brackets within brackets.
const DEEPEST: usize = 32;

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn eat(&mut self, mark: &str) -> bool {
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn any(&mut self, depth: usize) -> Option<Condition> {
        let mut alternatives = vec![self.all(depth)?];
        while self.eat("||") {
            alternatives.push(self.all(depth)?);
        }
        Some(Condition::Any(alternatives))
    }

    fn all(&mut self, depth: usize) -> Option<Condition> {
        let mut conditions = vec![self.one(depth)?];
        while self.eat("&&") {
            conditions.push(self.one(depth)?);
        }
        Some(Condition::All(conditions))
    }

    fn one(&mut self, depth: usize) -> Option<Condition> {
        if self.eat("(") {
            let inner = (depth < DEEPEST).then(|| self.any(depth + 1))??;
            return self.eat(")").then_some(inner);
        }
        let path = self.path()?;
        let operator = self.operator()?;
        let value = match operator {
            Operator::Exists | Operator::NotExists => Literal::Nothing,
            _ => self.literal()?,
        };
        Some(Condition::Is(Comparison {
            path,
            operator,
            value,
        }))
    }

    /// `$.a.b[0]`
    fn path(&mut self) -> Option<Vec<Step>> {
        let mut rest = self.rest.strip_prefix('$')?;
        let mut path = Vec::new();
        loop {
            if let Some(after) = rest.strip_prefix('.') {
                let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
                let end = after.find(|c| !is_part(c)).unwrap_or(after.len());
                if end == 0 {
                    return None;
                }
                path.push(Step::Member(after[..end].to_owned()));
                rest = &after[end..];
            } else if let Some(after) = rest.strip_prefix('[') {
                let (index, after) = after.split_once(']')?;
                path.push(Step::Item(index.parse().ok()?));
                rest = after;
            } else {
                self.rest = rest.trim_start();
                return Some(path);
            }
        }
    }

    fn operator(&mut self) -> Option<Operator> {
        let operators = [
            ("!=", Operator::Unequal),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("=", Operator::Equal),
            ("<", Operator::Less),
            (">", Operator::Greater),
            ("NOT EXISTS", Operator::NotExists),
            ("EXISTS", Operator::Exists),
            ("IS", Operator::Is),
        ];
        let found = operators.iter().find(|(mark, _)| self.eat(mark));
        found.map(|(_, operator)| *operator)
    }

    fn literal(&mut self) -> Option<Literal> {
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let (text, after) = quoted.split_once('"')?;
            self.rest = after.trim_start();
            return Some(Literal::Text(text.to_owned()));
        }
        let ends = |c: char| c.is_whitespace() || matches!(c, '&' | '|' | ')' | '%');
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let (word, after) = self.rest.split_at(end);
        self.rest = after.trim_start();
        Some(match (word, word.parse::<f64>()) {
            ("", _) => return None,
            ("TRUE", _) => Literal::Word(Value::Bool(true)),
            ("FALSE", _) => Literal::Word(Value::Bool(false)),
            ("NULL", _) => Literal::Word(Value::Null),
            (_, Ok(number)) => Literal::Number(number),
            (text, _) => Literal::Text(text.to_owned()),
        })
    }
}

impl Condition {
    fn holds(&self, value: &Value) -> bool {
        match self {
            Condition::All(all) => all.iter().all(|condition| condition.holds(value)),
            Condition::Any(any) => any.iter().any(|condition| condition.holds(value)),
            Condition::Is(comparison) => comparison.holds(value),
        }
    }
}

impl Comparison {
    fn holds(&self, value: &Value) -> bool {
        let found = self.path.iter().try_fold(value, |value, step| match step {
            Step::Member(name) => value.get(name),
            Step::Item(index) => value.get(index),
        });
        let Some(found) = found else {
            return self.operator == Operator::NotExists;
        };
        match self.operator {
            Operator::Exists => true,
            Operator::NotExists => false,
            Operator::Equal | Operator::Is => self.value.is(found),
            Operator::Unequal => !self.value.is(found),
            operator => match (&self.value, found.as_f64()) {
                (Literal::Number(number), Some(found)) => match operator {
                    Operator::Less => found < *number,
                    Operator::LessOrEqual => found <= *number,
                    Operator::Greater => found > *number,
                    _ => found >= *number,
                },
                _ => false,
            },
        }
    }
}

impl Literal {
    fn is(&self, found: &Value) -> bool {
        match self {
            Literal::Nothing => false,
            Literal::Number(number) => found.as_f64() == Some(*number),
            Literal::Word(word) => word == found,
            Literal::Text(text) => found.as_str().is_some_and(|found| is_like(found, text)),
        }
    }
}

/// Whether a text is like one with `*` in it, each of which stands for anything.
fn is_like(text: &str, like: &str) -> bool {
    let mut parts = like.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str =
        r#"{"id":"2","type":"ExecutionFailed","details":{"error":"Bad","n":7,"list":[1,null]}}"#;

    fn matches(pattern: &str) -> Option<bool> {
        Some(Pattern::read(pattern).ok()?.matches(MESSAGE))
    }

    #[test]
    fn messages_are_found_by_terms() {
        for wanted in [
            "",
            "Failed",
            "Failed Bad",
            "?Nothing ?Bad",
            "Failed -Nothing",
            "\"type\":",
        ] {
            assert_eq!(matches(wanted), Some(true), "{wanted}");
        }
        for unwanted in ["Nothing", "Failed Nothing", "?Nothing ?None", "-Failed"] {
            assert_eq!(matches(unwanted), Some(false), "{unwanted}");
        }
    }

    #[test]
    fn messages_are_found_by_their_members() {
        for wanted in [
            r#"{ $.type = "ExecutionFailed" }"#,
            "{$.type=Execution*}",
            "{ $.type = *Failed && $.details.n >= 7 }",
            "{ $.type = Nothing || ($.details.n < 8 && $.id = \"2\") }",
            "{ $.details.list[1] IS NULL }",
            "{ $.details.error EXISTS }",
            "{ $.details.cause NOT EXISTS }",
            "{ $.details.error != Good }",
        ] {
            assert_eq!(matches(wanted), Some(true), "{wanted}");
        }
        for unwanted in [
            "{ $.type = Failed }",
            "{ $.details.n > 7 }",
            "{ $.nothing = 1 }",
        ] {
            assert_eq!(matches(unwanted), Some(false), "{unwanted}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        let deep = format!("{{ {}$.a = 1{} }}", "(".repeat(100), ")".repeat(100));
        for wrong in [
            "{",
            "{}",
            "{ $.a }",
            "{ $.a = }",
            "{ a = 1 }",
            "[a, b]",
            "%x%",
            "\"x",
            "?",
            &deep,
        ] {
            assert_eq!(matches(wrong), None, "{wrong}");
        }
    }
}
