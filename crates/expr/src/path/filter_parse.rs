//! From text to filter: `(@.price < 10 && !(@.tags empty true))`.

use std::sync::Arc;

use super::filter::{Comparison, Filter, Operand, Operator, Pattern};
use super::parse::{Cursor, Ends, Parsed};
use crate::Value;
use crate::json::{self, Number};

/// Operators by how they are written, longest first where one begins another. Words are not case
/// sensitive.
const OPERATORS: [(&str, Operator); 12] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("=~", Operator::Matches),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("in", Operator::In),
    ("nin", Operator::NotIn),
    ("subsetof", Operator::SubsetOf),
    ("size", Operator::Size),
    ("empty", Operator::Empty),
];

impl Cursor<'_> {
    /// A filter in its parentheses; `[?` has been read.
    pub(super) fn filter(&mut self) -> Parsed<Filter> {
        self.skip_space();
        if !self.eat("(") {
            return Err(self.error("'(' expected"));
        }
        let filter = self.nested(Cursor::any_of)?;
        self.close(")")?;
        Ok(filter)
    }

    fn any_of(&mut self) -> Parsed<Filter> {
        let mut filters = vec![self.all_of()?];
        while self.eat_spaced("||") {
            filters.push(self.all_of()?);
        }
        Ok(if filters.len() == 1 {
            filters.remove(0)
        } else {
            Filter::Any(filters)
        })
    }

    fn all_of(&mut self) -> Parsed<Filter> {
        let mut filters = vec![self.term()?];
        while self.eat_spaced("&&") {
            filters.push(self.term()?);
        }
        Ok(if filters.len() == 1 {
            filters.remove(0)
        } else {
            Filter::All(filters)
        })
    }

    fn term(&mut self) -> Parsed<Filter> {
        self.skip_space();
        if self.eat("!") {
            let inner = self.nested(Cursor::term)?;
            return Ok(Filter::Not(Box::new(inner)));
        }
        if self.eat("(") {
            let inner = self.nested(Cursor::any_of)?;
            self.close(")")?;
            return Ok(inner);
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Parsed<Filter> {
        let left = self.operand()?;
        let Some(operator) = self.operator() else {
            return match left {
                Operand::Path { .. } => Ok(Filter::Exists(left)),
                _ => Err(self.error("an operator expected")),
            };
        };
        let right = self.operand()?;
        Ok(Filter::Compare(Comparison {
            left,
            operator,
            right,
        }))
    }

    fn operator(&mut self) -> Option<Operator> {
        self.skip_space();
        let rest = self.rest();
        let word = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let (spelling, operator) = OPERATORS.into_iter().find(|(spelling, _)| {
            if word > 0 {
                rest[..word].eq_ignore_ascii_case(spelling)
            } else {
                rest.starts_with(spelling)
            }
        })?;
        self.skip(spelling.len());
        Some(operator)
    }

    fn operand(&mut self) -> Parsed<Operand> {
        self.skip_space();
        match self.peek() {
            Some('@') => self.path_operand(false),
            Some('$') => self.path_operand(true),
            Some('/') => self.pattern(),
            _ => self.literal().map(Operand::Literal),
        }
    }

    fn path_operand(&mut self, from_root: bool) -> Parsed<Operand> {
        self.next();
        let segments = self.nested(|cursor| cursor.segments(Ends::InFilter))?;
        Ok(Operand::Path {
            from_root,
            segments: segments.into(),
        })
    }

    /// `/expression/flags`
    fn pattern(&mut self) -> Parsed<Operand> {
        self.next();
        let mut escaped = false;
        let expression = self.take_while(|character| {
            let ends = character == '/' && !escaped;
            escaped = character == '\\' && !escaped;
            !ends
        });
        self.close("/")?;
        let flags = self.take_while(|character| character.is_ascii_alphabetic());
        let pattern = Pattern::new(&expression.replace("\\/", "/"), flags);
        pattern
            .map(Operand::Pattern)
            .ok_or_else(|| self.error("not a regular expression"))
    }

    fn literal(&mut self) -> Parsed<Value> {
        self.skip_space();
        match self.peek() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote),
            Some('[') => self.nested(Cursor::list),
            Some('{') => self.object(),
            _ => self.bare(),
        }
    }

    fn quoted(&mut self, quote: char) -> Parsed<Value> {
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err(self.error("a quote is not closed")),
                Some('\\') => text.extend(self.next()),
                Some(character) if character == quote => return Ok(text.into()),
                Some(character) => text.push(character),
            }
        }
    }

    fn list(&mut self) -> Parsed<Value> {
        self.next();
        let mut items = Vec::new();
        while !self.eat_spaced("]") {
            if !items.is_empty() {
                self.close(",")?;
            }
            items.push(self.literal()?);
        }
        Ok(Value::array(items))
    }

    /// A JSON object: the shortest text up to a `}` that is one.
    fn object(&mut self) -> Parsed<Value> {
        let mut depth = 0_usize;
        let mut quoted = false;
        let mut escaped = false;
        let mut closed = false;
        let text = self.take_while(|character| {
            let in_string = quoted;
            quoted ^= character == '"' && !escaped;
            escaped = character == '\\' && !escaped;
            let was_closed = closed;
            match character {
                '{' if !in_string => depth += 1,
                '}' if !in_string => {
                    depth = depth.saturating_sub(1);
                    closed = depth == 0;
                }
                _ => {}
            }
            !was_closed
        });
        json::parse(text).map_err(|error| self.error(&error.message))
    }

    /// A number, `true`, `false`, `null`, or a string without quotes: `@.category==home`.
    fn bare(&mut self) -> Parsed<Value> {
        let word = self.take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '+' | '_'));
        match word {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            "null" => Ok(Value::Null),
            word if word.starts_with(|c: char| c.is_alphabetic() || c == '_') => Ok(word.into()),
            _ => Number::parse(word)
                .map(Value::Number)
                .ok_or_else(|| self.error("a path or a literal expected")),
        }
    }

    fn close(&mut self, token: &str) -> Parsed<()> {
        if self.eat_spaced(token) {
            return Ok(());
        }
        Err(self.error(&format!("'{token}' expected")))
    }

    fn eat_spaced(&mut self, token: &str) -> bool {
        self.skip_space();
        self.eat(token)
    }
}

impl Pattern {
    /// Compiles a regular expression that must match the whole text, as Java's `matches` does.
    fn new(expression: &str, flags: &str) -> Option<Pattern> {
        let known = flags
            .chars()
            .all(|flag| matches!(flag, 'i' | 'm' | 's' | 'x' | 'u' | 'U' | 'd'));
        let flags: String = flags
            .chars()
            .filter(|flag| "imsx".contains(*flag))
            .collect();
        let flags = if flags.is_empty() {
            flags
        } else {
            format!("(?{flags})")
        };
        let regex = regex_lite::RegexBuilder::new(&format!("{flags}^(?:{expression})$"))
            .size_limit(32 * 1024)
            .build();
        regex
            .ok()
            .filter(|_| known)
            .map(|regex| Pattern(Arc::new(regex)))
    }
}
