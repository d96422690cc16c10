//! The tokens of JSON, and Jackson's words for everything that is not one.
//!
//! Follows `ReaderBasedJsonParser`: which check comes first decides which message is given.

use std::borrow::Cow;

use super::error::{position, source_location};
use super::{Number, ParseError, Value};

/// Jackson's bound (`StreamReadConstraints.getMaxNumberLength()`).
const MAX_NUMBER_LENGTH: usize = 1000;
/// Jackson's bound on the token that it quotes (`ErrorReportConfiguration`).
const MAX_QUOTED_TOKEN: usize = 256;
const VALID_VALUES: &str =
    "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

/// What the next token stands in.
#[derive(Clone, Copy)]
pub(super) enum Scope {
    Root,
    Array { start: usize },
    Object { start: usize },
}

impl Scope {
    fn name(self) -> &'static str {
        match self {
            Scope::Root => "root",
            Scope::Array { .. } => "Array",
            Scope::Object { .. } => "Object",
        }
    }
}

pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

type Lexed<T> = Result<T, ParseError>;

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Lexer<'t> {
        Lexer { text, at: 0 }
    }

    /// The offset of the byte last returned.
    pub(super) fn last(&self) -> usize {
        self.at - 1
    }

    /// The first byte of the document.
    pub(super) fn first(&mut self) -> Lexed<u8> {
        match self.significant()? {
            Some(b']') => Err(self.mismatched(b']', Scope::Root)),
            Some(b'}') => Err(self.mismatched(b'}', Scope::Root)),
            Some(byte) => Ok(byte),
            None => Err(self.error("No content to map due to end-of-input")),
        }
    }

    /// The first byte of the next token inside a container.
    pub(super) fn token(&mut self, scope: Scope) -> Lexed<u8> {
        self.significant()?.ok_or_else(|| match scope {
            Scope::Root => self.error("Unexpected end-of-input"),
            Scope::Array { start } | Scope::Object { start } => {
                let (line, column) = position(self.text, start);
                let place = source_location(self.text, line, column);
                self.error(format!(
                    "Unexpected end-of-input: expected close marker for {} (start marker at {place})",
                    scope.name()
                ))
            }
        })
    }

    /// Whether `byte` closes the container; an error when it closes the other kind.
    pub(super) fn closes(&self, byte: u8, scope: Scope) -> Lexed<bool> {
        match (byte, scope) {
            (b']', Scope::Array { .. }) | (b'}', Scope::Object { .. }) => Ok(true),
            (b']' | b'}', _) => Err(self.mismatched(byte, scope)),
            _ => Ok(false),
        }
    }

    fn mismatched(&self, byte: u8, scope: Scope) -> ParseError {
        let (line, column) = match scope {
            Scope::Root => (1, 0),
            Scope::Array { start } | Scope::Object { start } => position(self.text, start),
        };
        self.error(format!(
            "Unexpected close marker '{}': expected '{}' (for {} starting at {})",
            byte as char,
            if byte == b']' { '}' } else { ']' },
            scope.name(),
            source_location(self.text, line, column)
        ))
    }

    /// Checks the comma and returns the first byte behind it.
    pub(super) fn comma(&mut self, byte: u8, scope: Scope) -> Lexed<u8> {
        if byte != b',' {
            let name = scope.name();
            return Err(self.unexpected(&format!("was expecting comma to separate {name} entries")));
        }
        self.between(scope)
    }

    /// Reads a colon and returns the first byte behind it.
    pub(super) fn colon(&mut self, scope: Scope) -> Lexed<u8> {
        if self.between(scope)? != b':' {
            return Err(self.unexpected("was expecting a colon to separate field name and value"));
        }
        self.between(scope)
    }

    fn between(&mut self, scope: Scope) -> Lexed<u8> {
        self.significant()?.ok_or_else(|| {
            let name = scope.name();
            self.error(format!(
                "Unexpected end-of-input within/between {name} entries"
            ))
        })
    }

    /// The key that begins with `byte`.
    pub(super) fn key(&mut self, byte: u8) -> Lexed<Cow<'t, str>> {
        if byte != b'"' {
            return Err(self.unexpected("was expecting double-quote to start field name"));
        }
        self.string(StringKind::Key)
    }

    /// The string, number, boolean or null that begins with `byte`.
    pub(super) fn scalar(&mut self, byte: u8, scope: Scope) -> Lexed<Value> {
        match byte {
            b'"' => Ok(Value::string(self.string(StringKind::Value)?)),
            b'-' | b'0'..=b'9' => self.number(scope).map(Value::Number),
            b't' => self.literal("true", Value::Bool(true)),
            b'f' => self.literal("false", Value::Bool(false)),
            b'n' => self.literal("null", Value::Null),
            b']' | b'}' => Err(self.unexpected("expected a value")),
            _ => Err(self.odd_value()),
        }
    }

    /// Nothing but white space may follow the document.
    pub(super) fn end_of_document(&mut self) -> Lexed<()> {
        let Some(byte) = self.significant()? else {
            return Ok(());
        };
        let token = match byte {
            b'{' => "START_OBJECT",
            b'[' => "START_ARRAY",
            b'"' => {
                self.string(StringKind::Value)?;
                "VALUE_STRING"
            }
            b']' | b'}' => return Err(self.mismatched(byte, Scope::Root)),
            _ => match self.scalar(byte, Scope::Root)? {
                Value::Number(number) if number.is_integer() => "VALUE_NUMBER_INT",
                Value::Number(_) => "VALUE_NUMBER_FLOAT",
                Value::Bool(true) => "VALUE_TRUE",
                Value::Bool(false) => "VALUE_FALSE",
                _ => "VALUE_NULL",
            },
        };
        Err(self.error(format!(
            "Trailing token (of type {token}) found after value (bound as \
             `com.fasterxml.jackson.databind.JsonNode`): not allowed as per \
             `DeserializationFeature.FAIL_ON_TRAILING_TOKENS`"
        )))
    }

    /// An error that points behind what has been read.
    pub(super) fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError::at(self.text, self.at, message.into())
    }

    /// Skips white space and takes the next byte.
    fn significant(&mut self) -> Lexed<Option<u8>> {
        loop {
            match self.take() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => {}
                Some(byte @ 0..=0x1f) => {
                    return Err(self.error(format!(
                        "Illegal character ((CTRL-CHAR, code {byte})): only regular white space \
                         (\\r, \\n, \\t) is allowed between tokens"
                    )));
                }
                Some(b'/') => {
                    return Err(self.unexpected(
                        "maybe a (non-standard) comment? (not recognized as one since Feature \
                         'ALLOW_COMMENTS' not enabled for parser)",
                    ));
                }
                other => return Ok(other),
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Moves from behind the first byte of a character to behind the whole of it, and returns it.
    fn finish_character(&mut self) -> char {
        let start = (0..self.at)
            .rev()
            .find(|at| self.text.is_char_boundary(*at))
            .unwrap_or(0);
        let character = self.text[start..].chars().next().unwrap_or('\u{fffd}');
        self.at = start + character.len_utf8();
        character
    }

    /// The error for the character whose first byte was taken last.
    fn unexpected(&mut self, comment: &str) -> ParseError {
        let character = self.finish_character();
        self.error(format!(
            "Unexpected character ({}): {comment}",
            describe(character)
        ))
    }
}

/// Words: `true`, `false`, `null` and everything that looks like one.
impl Lexer<'_> {
    fn literal(&mut self, word: &str, value: Value) -> Lexed<Value> {
        let start = self.last();
        let rest = &self.text[start..];
        let whole = rest.starts_with(word)
            && !rest[word.len()..]
                .chars()
                .next()
                .is_some_and(is_identifier_part);
        if !whole {
            let common = rest
                .bytes()
                .zip(word.bytes())
                .take_while(|(a, b)| a == b)
                .count();
            self.at = start + common;
            return Err(self.unrecognized(start));
        }
        self.at = start + word.len();
        Ok(value)
    }

    fn odd_value(&mut self) -> ParseError {
        let start = self.last();
        let character = self.finish_character();
        for word in ["NaN", "Infinity"] {
            if self.text[start..].starts_with(word) {
                self.at = start + word.len();
                return self.error(format!(
                    "Non-standard token '{word}': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` \
                     to allow"
                ));
            }
        }
        if is_identifier_part(character) {
            return self.unrecognized(start);
        }
        self.unexpected(&format!("expected a valid value {VALID_VALUES}"))
    }

    /// Quotes the word that begins at `start`, of which a part has been read.
    fn unrecognized(&mut self, start: usize) -> ParseError {
        let mut quoted = self.text[start..self.at].to_owned();
        let mut dots = "";
        while let Some(character) = self.text[self.at..].chars().next() {
            if !is_identifier_part(character) {
                break;
            }
            self.at += character.len_utf8();
            quoted.push(character);
            if quoted.chars().count() >= MAX_QUOTED_TOKEN {
                dots = "...";
                break;
            }
        }
        self.error(format!(
            "Unrecognized token '{quoted}{dots}': was expecting {VALID_VALUES}"
        ))
    }
}

/// Numbers.
impl Lexer<'_> {
    fn number(&mut self, scope: Scope) -> Lexed<Number> {
        let start = self.last();
        self.at = start;
        if self.peek() == Some(b'-') {
            self.at += 1;
            self.require_digit(
                "expected digit (0-9) to follow minus sign, for valid numeric value",
            )?;
        }
        self.whole_part()?;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.require_digit("Decimal point not followed by a digit")?;
            self.digits();
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.require_digit("Exponent indicator not followed by a digit")?;
            self.digits();
        }
        self.number_end(start, scope)
    }

    fn whole_part(&mut self) -> Lexed<()> {
        let zero = self.peek() == Some(b'0');
        let first = self.at;
        self.digits();
        if zero && self.at > first + 1 {
            self.at = first + 1;
            return Err(self.error("Invalid numeric value: Leading zeroes not allowed"));
        }
        Ok(())
    }

    fn number_end(&mut self, start: usize, scope: Scope) -> Lexed<Number> {
        let literal = &self.text[start..self.at];
        if literal.len() > MAX_NUMBER_LENGTH {
            return Err(self.error(format!(
                "Number value length ({}) exceeds the maximum allowed ({MAX_NUMBER_LENGTH}, from \
                 `StreamReadConstraints.getMaxNumberLength()`)",
                literal.len()
            )));
        }
        let number = Number::from_literal(literal);
        let separated = matches!(self.peek(), None | Some(b' ' | b'\t' | b'\r' | b'\n'));
        if matches!(scope, Scope::Root) && !separated {
            self.at += 1;
            return Err(self.unexpected("Expected space separating root-level values"));
        }
        Ok(number)
    }

    fn require_digit(&mut self, comment: &str) -> Lexed<()> {
        match self.peek() {
            Some(b'0'..=b'9') => Ok(()),
            Some(_) => {
                self.at += 1;
                let character = describe(self.finish_character());
                let message =
                    format!("Unexpected character ({character}) in numeric value: {comment}");
                Err(self.error(message))
            }
            None => Err(self.error("Unexpected end-of-input in a Number value")),
        }
    }

    fn digits(&mut self) {
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
    }
}

/// What a string is, for the errors in it.
#[derive(Clone, Copy)]
enum StringKind {
    Key,
    Value,
}

/// Strings.
impl<'t> Lexer<'t> {
    /// The rest of a string whose opening quote has been read.
    fn string(&mut self, kind: StringKind) -> Lexed<Cow<'t, str>> {
        let start = self.at;
        self.plain();
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(&self.text[start..self.at - 1]));
        }
        let mut decoded = self.text[start..self.at].to_owned();
        loop {
            match self.take() {
                Some(b'"') => return Ok(Cow::Owned(decoded)),
                Some(b'\\') => decoded.push(self.escape()?),
                Some(byte) => return Err(self.control_character(byte, kind)),
                None => return Err(self.unclosed(kind)),
            }
            let start = self.at;
            self.plain();
            decoded.push_str(&self.text[start..self.at]);
        }
    }

    /// Skips what stands for itself.
    fn plain(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        let end = rest
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
        self.at += end.unwrap_or(rest.len());
    }

    fn control_character(&self, byte: u8, kind: StringKind) -> ParseError {
        let context = match kind {
            StringKind::Key => "name",
            StringKind::Value => "string value",
        };
        self.error(format!(
            "Illegal unquoted character ({}): has to be escaped using backslash to be included in \
             {context}",
            describe(byte as char)
        ))
    }

    fn unclosed(&self, kind: StringKind) -> ParseError {
        self.error(match kind {
            StringKind::Key => "Unexpected end-of-input in field name",
            StringKind::Value => {
                "Unexpected end-of-input: was expecting closing quote for a string value"
            }
        })
    }

    fn escape(&mut self) -> Lexed<char> {
        let Some(byte) = self.take() else {
            return Err(self.unclosed_escape());
        };
        Ok(match byte {
            b'b' => '\u{8}',
            b't' => '\t',
            b'n' => '\n',
            b'f' => '\u{c}',
            b'r' => '\r',
            b'"' | b'/' | b'\\' => byte as char,
            b'u' => return self.unicode_escape(),
            _ => {
                let character = describe(self.finish_character());
                return Err(self.error(format!("Unrecognized character escape {character}")));
            }
        })
    }

    fn unicode_escape(&mut self) -> Lexed<char> {
        let unit = self.hex_unit()?;
        if !(0xd800..0xdc00).contains(&unit) || !self.text[self.at..].starts_with("\\u") {
            return Ok(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let after_first = self.at;
        self.at += 2;
        let second = self.hex_unit()?;
        if !(0xdc00..0xe000).contains(&second) {
            self.at = after_first;
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        let code = 0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00);
        Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex_unit(&mut self) -> Lexed<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            let Some(byte) = self.take() else {
                return Err(self.unclosed_escape());
            };
            let Some(digit) = (byte as char).to_digit(16) else {
                return Err(self.unexpected("expected a hex-digit for character escape sequence"));
            };
            unit = unit * 16 + digit;
        }
        Ok(unit)
    }

    fn unclosed_escape(&self) -> ParseError {
        self.error("Unexpected end-of-input in character escape sequence")
    }
}

/// Java's `Character.isJavaIdentifierPart`, near enough.
fn is_identifier_part(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$')
}

/// Jackson's `_getCharDesc`.
fn describe(character: char) -> String {
    let code = character as u32;
    if character.is_control() {
        return format!("(CTRL-CHAR, code {code})");
    }
    if code > 255 {
        return format!("'{character}' (code {code} / 0x{code:x})");
    }
    format!("'{character}' (code {code})")
}
