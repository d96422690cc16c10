//! Tokens.

use std::sync::Arc;

use super::tree::Literal;
use crate::error::SyntaxError;
use crate::message::quoted;
use crate::regex::{Flags, Regex};

/// A token.
#[derive(Clone, Debug)]
pub(crate) enum Token {
    Operator(&'static str),
    Name(Arc<str>),
    Variable(Arc<str>),
    String(Arc<str>),
    Number(f64),
    Literal(Literal),
    Regex(Arc<Regex>),
    End,
}

/// Operators of two characters, then of one. The last two are none, but end a name.
const OPERATORS: [&str; 33] = [
    "..", ":=", "!=", ">=", "<=", "**", "~>", ".", "[", "]", "{", "}", "(", ")", ",", "@", "#",
    ";", ":", "?", "+", "-", "*", "/", "%", "|", "=", "<", ">", "^", "&", "!", "~",
];

/// Reads one token after the other.
pub(crate) struct Lexer<'t> {
    text: &'t str,
    position: usize,
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(text: &'t str) -> Lexer<'t> {
        Lexer { text, position: 0 }
    }

    /// The next token and where it ends, which is where the reference implementation says it is. After
    /// an operand, `/` is a division; elsewhere it
    /// begins a regular expression.
    pub(crate) fn next(&mut self, after_operand: bool) -> Result<(Token, usize), SyntaxError> {
        self.skip_blank()?;
        let start = self.position;
        let Some(first) = self.peek() else {
            return Ok((Token::End, start));
        };
        let token = if first == '/' && !after_operand {
            self.position += 1;
            Token::Regex(self.regex()?)
        } else if let Some(operator) = self.operator() {
            if matches!(operator, "!" | "~") {
                let details = [("token", &*quoted(operator))];
                return Err(SyntaxError::at(self.position, "S0204", &details));
            }
            Token::Operator(operator)
        } else {
            match first {
                '"' | '\'' => self.string(first)?,
                '0'..='9' => self.number()?,
                '`' => self.quoted_name()?,
                _ => self.name(),
            }
        };
        Ok((token, self.position))
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn rest(&self) -> &'t str {
        &self.text[self.position..]
    }

    fn error(&self, position: usize, code: &'static str) -> SyntaxError {
        SyntaxError::at(position, code, &[])
    }

    fn skip_blank(&mut self) -> Result<(), SyntaxError> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches(is_blank);
            self.position += rest.len() - trimmed.len();
            if !trimmed.starts_with("/*") {
                return Ok(());
            }
            let Some(end) = trimmed[2..].find("*/") else {
                return Err(self.error(self.position, "S0106"));
            };
            self.position += end + 4;
        }
    }

    fn operator(&mut self) -> Option<&'static str> {
        let rest = self.rest();
        let operator = OPERATORS.into_iter().find(|one| rest.starts_with(one))?;
        self.position += operator.len();
        Some(operator)
    }

    fn string(&mut self, quote: char) -> Result<Token, SyntaxError> {
        self.position += 1;
        let mut text = String::new();
        while let Some(character) = self.peek() {
            self.position += character.len_utf8();
            match character {
                '\\' => text.push(self.escape()?),
                end if end == quote => return Ok(Token::String(text.into())),
                other => text.push(other),
            }
        }
        Err(self.error(self.position, "S0101"))
    }

    fn escape(&mut self) -> Result<char, SyntaxError> {
        let start = self.position;
        let letter = self.peek();
        self.position += letter.map_or(0, char::len_utf8);
        Ok(match letter {
            Some(same @ ('"' | '\\' | '/')) => same,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => self.unicode(start)?,
            other => {
                let token = quoted(&other.map(String::from).unwrap_or_default());
                return Err(SyntaxError::at(start, "S0103", &[("token", &token)]));
            }
        })
    }

    /// A code unit; two that make a pair are one character, one alone is U+FFFD.
    fn unicode(&mut self, start: usize) -> Result<char, SyntaxError> {
        let unit = self.unit().ok_or_else(|| self.error(start, "S0104"))?;
        if (0xd800..0xdc00).contains(&unit) && self.rest().starts_with("\\u") {
            let before = self.position;
            self.position += 2;
            if let Some(low @ 0xdc00..0xe000) = self.unit() {
                let pair = char::decode_utf16([unit, low]).next();
                return Ok(pair
                    .and_then(Result::ok)
                    .unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.position = before;
        }
        Ok(char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn unit(&mut self) -> Option<u16> {
        let digits = self.rest().get(..4)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.position += 4;
        u16::from_str_radix(digits, 16).ok()
    }

    /// `0` or digits without a leading zero, a fraction, an exponent. What follows is the next token.
    fn number(&mut self) -> Result<Token, SyntaxError> {
        let start = self.position;
        let bytes = self.text.as_bytes();
        let digits = |from: usize| {
            let after = bytes.get(from..).unwrap_or_default();
            after
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count()
        };
        let mut end = start
            + if bytes[start] == b'0' {
                1
            } else {
                digits(start)
            };
        if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits(end + 1 + sign);
            if exponent > 0 {
                end += 1 + sign + exponent;
            }
        }
        let literal = &self.text[start..end];
        match literal.parse::<f64>() {
            Ok(number) if number.is_finite() => {
                self.position = end;
                Ok(Token::Number(number))
            }
            _ => Err(SyntaxError::at(
                start,
                "S0102",
                &[("token", &quoted(literal))],
            )),
        }
    }

    fn quoted_name(&mut self) -> Result<Token, SyntaxError> {
        let inside = &self.rest()[1..];
        let Some(length) = inside.find('`') else {
            return Err(self.error(self.text.len(), "S0105"));
        };
        self.position += length + 2;
        Ok(Token::Name(inside[..length].into()))
    }

    fn name(&mut self) -> Token {
        let rest = self.rest();
        let ends = |character: char| {
            is_blank(character)
                || OPERATORS
                    .iter()
                    .any(|one| one.len() == 1 && one.starts_with(character))
        };
        let name = &rest[..rest.find(ends).unwrap_or(rest.len())];
        self.position += name.len();
        match name {
            "or" => Token::Operator("or"),
            "in" => Token::Operator("in"),
            "and" => Token::Operator("and"),
            "true" => Token::Literal(Literal::Bool(true)),
            "false" => Token::Literal(Literal::Bool(false)),
            "null" => Token::Literal(Literal::Null),
            _ => match name.strip_prefix('$') {
                Some(variable) => Token::Variable(variable.into()),
                None => Token::Name(name.into()),
            },
        }
    }

    /// After the first slash. The last one is outside all brackets and not escaped.
    fn regex(&mut self) -> Result<Arc<Regex>, SyntaxError> {
        let start = self.position;
        let mut depth = 0_i64;
        let mut backslashes = 0_usize;
        for (offset, character) in self.rest().char_indices() {
            let escaped = backslashes % 2 == 1;
            if character == '/' && depth == 0 && !escaped {
                self.position += offset + 1;
                return self.compiled(&self.text[start..start + offset], start);
            }
            // As in the reference implementation, any backslash before it makes a bracket plain.
            if backslashes == 0 {
                depth += i64::from(matches!(character, '(' | '[' | '{'));
                depth -= i64::from(matches!(character, ')' | ']' | '}'));
            }
            backslashes = if character == '\\' {
                backslashes + 1
            } else {
                0
            };
        }
        Err(self.error(self.text.len(), "S0302"))
    }

    fn compiled(&mut self, pattern: &str, start: usize) -> Result<Arc<Regex>, SyntaxError> {
        if pattern.is_empty() {
            return Err(self.error(start, "S0301"));
        }
        let mut flags = Flags::default();
        while let Some(flag @ ('i' | 'm')) = self.peek() {
            self.position += 1;
            match flag {
                'i' => flags.ignore_case = true,
                _ => flags.multiline = true,
            }
        }
        Regex::compile(pattern, flags)
            .map(Arc::new)
            .map_err(|message| {
                let details = [
                    ("pattern", crate::message::shortened(pattern)),
                    ("message", message),
                ];
                SyntaxError::at(start, "S0303", &details)
            })
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{b}')
}
