//! From text to path.

use std::sync::Arc;

use super::segment::Segment;
use super::{PathSyntaxError, Root};

/// The longest text, in bytes.
const MAX_LENGTH: usize = 16 * 1024;
/// The most segments of one path.
const MAX_SEGMENTS: usize = 256;
/// How deep parentheses, lists and paths inside filters may nest.
const MAX_NESTING: usize = 32;
/// The longest variable name, in characters (spec: asl.md 5).
const MAX_VARIABLE: usize = 80;

pub(super) type Parsed<T> = Result<T, PathSyntaxError>;

/// Parses a whole path. Space after it is nothing, as in Jayway.
pub(super) fn path(source: &str) -> Parsed<(Root, Vec<Segment>)> {
    let source = source.trim_end();
    if source.len() > MAX_LENGTH {
        return Err(PathSyntaxError {
            message: format!("A path may be {MAX_LENGTH} bytes long"),
        });
    }
    let mut cursor = Cursor::new(source);
    let root = cursor.root()?;
    let segments = cursor.segments(Ends::AtEnd)?;
    Ok((root, segments))
}

/// Where a path ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// With the text.
    AtEnd,
    /// Before the first character that can only belong to the filter around it.
    InFilter,
}

/// A place in the text. Also used by the filter parser.
pub(super) struct Cursor<'t> {
    text: &'t str,
    at: usize,
    nesting: usize,
}

impl<'t> Cursor<'t> {
    fn new(text: &'t str) -> Cursor<'t> {
        Cursor {
            text,
            at: 0,
            nesting: 0,
        }
    }

    fn root(&mut self) -> Parsed<Root> {
        if !self.eat("$") {
            return Err(self.error("a path begins with '$'"));
        }
        if self.eat("$") {
            return Ok(Root::Context);
        }
        let name = self.take_while(|character| !matches!(character, '.' | '['));
        match name {
            "" => Ok(Root::Input),
            name if is_variable_name(name) => Ok(Root::Variable(name.into())),
            _ => Err(self.error("not a variable name")),
        }
    }

    /// The segments up to the end of the path.
    pub(super) fn segments(&mut self, ends: Ends) -> Parsed<Vec<Segment>> {
        let mut segments = Vec::new();
        while let Some(character) = self.peek() {
            match character {
                '.' => self.dot(ends, &mut segments)?,
                '[' => segments.push(self.nested(Cursor::bracket)?),
                _ if ends == Ends::InFilter => break,
                _ => return Err(self.error("unexpected character")),
            }
            if segments.len() > MAX_SEGMENTS {
                return Err(self.error("too many segments"));
            }
        }
        Ok(segments)
    }

    /// `.name`, `.*`, `..` and what follows it. A dot before a bracket is nothing, as in Jayway: `$.[0]`, `$.a.['b']`.
    fn dot(&mut self, ends: Ends, segments: &mut Vec<Segment>) -> Parsed<()> {
        self.eat(".");
        if self.eat(".") {
            segments.push(Segment::Descend);
        }
        if self.peek() == Some('[') {
            return Ok(());
        }
        let name = self.name(ends);
        match name {
            "" => return Err(self.error("a name is missing")),
            "*" => segments.push(Segment::Wildcard),
            _ => segments.push(Segment::Key(name.into())),
        }
        Ok(())
    }

    /// A name after a dot. Parentheses belong to it: `length()` is a name like any other.
    fn name(&mut self, ends: Ends) -> &'t str {
        let mut open = 0_usize;
        self.take_while(|character| match character {
            '.' | '[' => false,
            '(' => {
                open += 1;
                true
            }
            ')' if open > 0 => {
                open -= 1;
                true
            }
            ')' | ',' | '=' | '<' | '>' | '!' | '&' | '|' | '~' => ends == Ends::AtEnd,
            _ => !character.is_whitespace(),
        })
    }

    fn bracket(&mut self) -> Parsed<Segment> {
        self.eat("[");
        self.skip_space();
        let segment = match self.peek() {
            Some('\'' | '"') => self.keys()?,
            Some('*') => {
                self.eat("*");
                Segment::Wildcard
            }
            Some('?') => {
                self.eat("?");
                Segment::Filter(Arc::new(self.filter()?))
            }
            _ => self.indexes()?,
        };
        self.skip_space();
        if self.eat("]") {
            Ok(segment)
        } else {
            Err(self.error("']' expected"))
        }
    }

    /// `'a'`, `'a','b'`
    fn keys(&mut self) -> Parsed<Segment> {
        let mut keys: Vec<Arc<str>> = vec![self.quoted_key()?.into()];
        self.skip_space();
        while self.eat(",") {
            self.skip_space();
            keys.push(self.quoted_key()?.into());
            self.skip_space();
        }
        match <[Arc<str>; 1]>::try_from(keys) {
            Ok([key]) => Ok(Segment::Key(key)),
            Err(keys) => Ok(Segment::Keys(keys.into())),
        }
    }

    /// A name in quotes. A backslash stands for itself (recorded: `$['a\"b']` finds the key `a\"b`),
    /// except before the quote that would otherwise end the name. A quote ends it when `]` or `,`
    /// follows, as in Jayway.
    fn quoted_key(&mut self) -> Parsed<String> {
        let Some(quote @ ('\'' | '"')) = self.next() else {
            return Err(self.error("a quoted name expected"));
        };
        let mut key = String::new();
        loop {
            match self.next() {
                None => return Err(self.error("a quote is not closed")),
                Some(character) if character == quote && self.ends_name() => return Ok(key),
                Some('\\') if self.peek() == Some(quote) && !self.quote_ends_name() => {
                    self.next();
                    key.push(quote);
                }
                Some(character) if character == quote => {
                    return Err(self.error("']' or ',' expected"));
                }
                Some(character) => key.push(character),
            }
        }
    }

    fn ends_name(&self) -> bool {
        self.rest().trim_start().starts_with([']', ','])
    }

    /// Whether the quote ahead, were it not escaped, would end the name.
    fn quote_ends_name(&self) -> bool {
        self.rest()[1..].trim_start().starts_with([']', ','])
    }

    /// `0`, `-1`, `0,2`, `1:3`
    fn indexes(&mut self) -> Parsed<Segment> {
        let inside = self.take_while(|character| {
            character.is_ascii_digit() || matches!(character, '-' | ':' | ',' | ' ')
        });
        let number = |text: &str| text.trim().parse::<i64>().ok();
        let bound = |text: &str| match text.trim() {
            "" => Some(None),
            text => number(text).map(Some),
        };
        let segment = if let Some((from, to)) = inside.split_once(':') {
            bound(from)
                .zip(bound(to))
                .map(|(from, to)| Segment::Slice { from, to })
        } else if inside.contains(',') {
            let indexes: Option<Vec<i64>> = inside.split(',').map(number).collect();
            indexes.map(|indexes| Segment::Indexes(indexes.into()))
        } else {
            number(inside).map(Segment::Index)
        };
        segment.ok_or_else(|| self.error("an index, a slice, '*', a quoted name or '?' expected"))
    }
}

/// What both parsers need.
impl<'t> Cursor<'t> {
    /// Runs `parse` one level deeper, within the bound on nesting.
    pub(super) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting == MAX_NESTING {
            return Err(self.error("nested too deep"));
        }
        self.nesting += 1;
        let parsed = parse(self);
        self.nesting -= 1;
        parsed
    }

    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += character.len_utf8();
        Some(character)
    }

    pub(super) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.skip(token.len());
        }
        found
    }

    /// Skips that many bytes, which have been looked at.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    pub(super) fn skip_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    pub(super) fn take_while(&mut self, mut accept: impl FnMut(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest
            .find(|character| !accept(character))
            .unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    pub(super) fn error(&self, what: &str) -> PathSyntaxError {
        PathSyntaxError {
            message: format!("{what} at position {}", self.at),
        }
    }
}

/// UAX #31, near enough: a letter, then letters, digits and `_`; at most 80 characters.
fn is_variable_name(name: &str) -> bool {
    name.starts_with(char::is_alphabetic)
        && name
            .chars()
            .all(|character| character.is_alphanumeric() || character == '_')
        && name.chars().count() <= MAX_VARIABLE
}
