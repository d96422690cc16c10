//! From text to value, without recursion.

use std::sync::Arc;

use super::lexer::{Lexer, Scope};
use super::{Object, ParseError, Value};

/// The deepest nesting of arrays and objects in a document: Jackson's default
/// (`StreamReadConstraints.getMaxNestingDepth()`).
pub const MAX_DEPTH: usize = 1000;

/// Parses a JSON text, which must hold exactly one value.
///
/// Of a repeated key the last value wins, at the place of the first. A lone surrogate in a `\u`
/// escape becomes U+FFFD. Refused: nesting beyond [`MAX_DEPTH`] and number literals over 1,000
/// characters.
pub fn parse(text: &str) -> Result<Value, ParseError> {
    let mut parser = Parser {
        lexer: Lexer::new(text),
        open: Vec::new(),
        keys: KeyCache::default(),
    };
    parser.document()
}

/// A container that is not closed yet.
enum Frame {
    Array {
        start: usize,
        items: Vec<Value>,
    },
    Object {
        start: usize,
        members: Object,
        key: Arc<str>,
    },
}

impl Frame {
    fn scope(&self) -> Scope {
        match self {
            Frame::Array { start, .. } => Scope::Array { start: *start },
            Frame::Object { start, .. } => Scope::Object { start: *start },
        }
    }

    fn add(&mut self, value: Value) {
        match self {
            Frame::Array { items, .. } => items.push(value),
            Frame::Object { members, key, .. } => {
                members.insert(key.clone(), value);
            }
        }
    }

    fn close(self) -> Value {
        match self {
            Frame::Array { items, .. } => Value::array(items),
            Frame::Object { members, .. } => Value::Object(Arc::new(members)),
        }
    }
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    open: Vec<Frame>,
    keys: KeyCache,
}

impl Parser<'_> {
    fn document(&mut self) -> Result<Value, ParseError> {
        let mut next = self.lexer.first()?;
        loop {
            let Some(value) = self.value(&mut next)? else {
                continue;
            };
            if let Some(value) = self.attach(value, &mut next)? {
                self.lexer.end_of_document()?;
                return Ok(value);
            }
        }
    }

    /// Reads the value that begins with `next`. `None` when that opened a container that is not
    /// empty; `next` is then the beginning of the first value in it.
    fn value(&mut self, next: &mut u8) -> Result<Option<Value>, ParseError> {
        match *next {
            b'{' => {
                let key = self.keys.share("");
                self.open(Frame::Object {
                    start: self.lexer.last(),
                    members: Object::new(),
                    key,
                })?;
            }
            b'[' => self.open(Frame::Array {
                start: self.lexer.last(),
                items: Vec::new(),
            })?,
            _ => return self.lexer.scalar(*next, self.scope()).map(Some),
        }
        let scope = self.scope();
        let inside = self.lexer.token(scope)?;
        if self.lexer.closes(inside, scope)? {
            return Ok(self.open.pop().map(Frame::close));
        }
        *next = self.entry(inside)?;
        Ok(None)
    }

    /// Adds a finished value to its container, closing as many containers as end here. `Some` when
    /// it is the whole document; otherwise `next` is the beginning of the next value.
    fn attach(&mut self, mut value: Value, next: &mut u8) -> Result<Option<Value>, ParseError> {
        while let Some(frame) = self.open.last_mut() {
            frame.add(value);
            let scope = frame.scope();
            let after = self.lexer.token(scope)?;
            if !self.lexer.closes(after, scope)? {
                let inside = self.lexer.comma(after, scope)?;
                *next = self.entry(inside)?;
                return Ok(None);
            }
            let closed = self.open.pop().expect("the frame just looked at");
            value = closed.close();
        }
        Ok(Some(value))
    }

    /// In an object reads the key and its colon. Returns the first byte of the value.
    fn entry(&mut self, first: u8) -> Result<u8, ParseError> {
        let scope = self.scope();
        let Some(Frame::Object { key, .. }) = self.open.last_mut() else {
            return Ok(first);
        };
        *key = self.keys.share(&self.lexer.key(first)?);
        self.lexer.colon(scope)
    }

    fn open(&mut self, frame: Frame) -> Result<(), ParseError> {
        if self.open.len() == MAX_DEPTH {
            return Err(self.lexer.error(format!(
                "Document nesting depth ({}) exceeds the maximum allowed ({MAX_DEPTH}, from \
                 `StreamReadConstraints.getMaxNestingDepth()`)",
                MAX_DEPTH + 1
            )));
        }
        self.open.push(frame);
        Ok(())
    }

    fn scope(&self) -> Scope {
        self.open.last().map_or(Scope::Root, Frame::scope)
    }
}

/// Lets the rows of a table share their keys: remembers the last key per slot.
#[derive(Default)]
struct KeyCache {
    slots: [Option<Arc<str>>; KeyCache::SLOTS],
}

impl KeyCache {
    const SLOTS: usize = 32;

    fn share(&mut self, key: &str) -> Arc<str> {
        let bytes = key.as_bytes();
        let edge = bytes.first().copied().unwrap_or(0) as usize * 31
            + bytes.last().copied().unwrap_or(0) as usize;
        let slot = &mut self.slots[(edge + bytes.len()) % KeyCache::SLOTS];
        match slot {
            Some(known) if **known == *key => known.clone(),
            _ => slot.insert(key.into()).clone(),
        }
    }
}
