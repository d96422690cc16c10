//! From text to call.

use super::function::Function;
use super::{Argument, Call, SyntaxError};
use crate::Value;
use crate::json::Number;
use crate::path::Path;

/// The longest text, in bytes.
const MAX_LENGTH: usize = 64 * 1024;
/// How deep calls may nest (spec: quotas.md).
const MAX_NESTING: usize = 10;

type Parsed<T> = Result<T, SyntaxError>;

/// Parses a whole call.
pub(super) fn call(source: &str) -> Parsed<Call> {
    let mut parser = Parser {
        text: source,
        at: 0,
        nesting: 0,
    };
    if source.len() > MAX_LENGTH {
        return Err(parser.error("the call is too long"));
    }
    let call = parser.call()?;
    if parser.rest().is_empty() {
        Ok(call)
    } else {
        Err(parser.error("unexpected text"))
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    nesting: usize,
}

impl<'t> Parser<'t> {
    fn call(&mut self) -> Parsed<Call> {
        let name =
            self.take_until(|character| !character.is_ascii_alphanumeric() && character != '.');
        let function = Function::find(name).ok_or_else(|| self.error("an unknown function"))?;
        if !self.eat('(') {
            return Err(self.error("'(' expected"));
        }
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(self.error("calls are nested too deep"));
        }
        let arguments = self.arguments(function)?;
        self.nesting -= 1;
        Ok(Call {
            function,
            arguments,
        })
    }

    fn arguments(&mut self, function: Function) -> Parsed<Vec<Argument>> {
        let mut arguments = Vec::new();
        self.skip_space();
        if self.eat(')') {
            return Ok(arguments);
        }
        loop {
            self.skip_space();
            let template = function.takes_template() && arguments.is_empty();
            arguments.push(self.argument(template)?);
            self.skip_space();
            if self.eat(')') {
                return Ok(arguments);
            }
            if !self.eat(',') {
                return Err(self.error("',' or ')' expected"));
            }
        }
    }

    fn argument(&mut self, template: bool) -> Parsed<Argument> {
        match self.peek() {
            Some('\'') => self.string(template).map(Argument::Literal),
            Some('$') => self.path().map(Argument::Path),
            Some('S') => self.call().map(Argument::Call),
            _ => self.word().map(Argument::Literal),
        }
    }

    /// A string. A template keeps its escapes: they tell literal braces from placeholders.
    fn string(&mut self, template: bool) -> Parsed<Value> {
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err(self.error("a string is not closed")),
                Some('\'') => return Ok(text.into()),
                Some('\\') => {
                    let Some(escaped @ ('\'' | '{' | '}' | '\\')) = self.next() else {
                        return Err(self.error("an escape that is none of \\' \\{ \\} \\\\"));
                    };
                    if template {
                        text.push('\\');
                    }
                    text.push(escaped);
                }
                Some(character) => text.push(character),
            }
        }
    }

    /// A path goes on to the `,` or `)` that is not inside its brackets or parentheses.
    fn path(&mut self) -> Parsed<Path> {
        let mut quote = None;
        let mut open = 0_usize;
        let text = self.take_until(|character| {
            match (quote, character) {
                (Some(close), _) if character == close => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') if open > 0 => quote = Some(character),
                (None, '[' | '(') => open += 1,
                (None, ')' | ',') if open == 0 => return true,
                (None, ']' | ')') => open = open.saturating_sub(1),
                _ => {}
            }
            false
        });
        Path::parse(text.trim_end()).map_err(|error| self.error(&error.message))
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Parsed<Value> {
        let word = self.take_until(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '+' | '.'));
        match word {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            "null" => Ok(Value::Null),
            _ => Number::parse(word)
                .map(Value::Number)
                .ok_or_else(|| self.error("an argument expected")),
        }
    }
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += character.len_utf8();
        Some(character)
    }

    fn eat(&mut self, character: char) -> bool {
        let found = self.peek() == Some(character);
        if found {
            self.next();
        }
        found
    }

    fn skip_space(&mut self) {
        self.take_until(|character| !character.is_whitespace());
    }

    fn take_until(&mut self, stop: impl FnMut(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(stop).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn error(&self, what: &str) -> SyntaxError {
        SyntaxError {
            message: format!("{what} at position {}", self.at),
        }
    }
}
