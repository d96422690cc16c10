//! Where in a JSON text a value stands.

use std::ops::Range;
use std::sync::Arc;

use super::parse;

/// One step from a container to a value in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The member of an object.
    Key(Arc<str>),
    /// The item of an array, from 0.
    Index(usize),
}

/// The byte range of the value that `path` leads to in a JSON text; used to point at lines.
///
/// Of a repeated key it is the last one, the one that counts. `None` when there is no such value,
/// or the text is not JSON on the way there.
pub fn locate(text: &str, path: &[Step]) -> Option<Range<usize>> {
    let scanner = Scanner::new(text);
    let mut start = scanner.skip_space(0);
    for step in path {
        start = match step {
            Step::Key(key) => scanner.member(start, key)?,
            Step::Index(index) => scanner.item(start, *index)?,
        };
    }
    Some(start..scanner.value_end(start)?)
}

/// Walks over a text without building values. Every function takes and returns offsets.
struct Scanner<'t> {
    bytes: &'t [u8],
    text: &'t str,
    /// Where each container begins and ends, by beginning: one pass finds them all, so that a value deep inside is found
    /// without walking over what is around it at every level.
    containers: Vec<(usize, usize)>,
}

impl<'t> Scanner<'t> {
    fn new(text: &'t str) -> Scanner<'t> {
        let mut scanner = Scanner {
            bytes: text.as_bytes(),
            text,
            containers: Vec::new(),
        };
        scanner.containers = scanner.all_containers();
        scanner
    }

    /// Those that are closed.
    fn all_containers(&self) -> Vec<(usize, usize)> {
        let mut found: Vec<(usize, usize)> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        let mut at = 0;
        while let Some(byte) = self.byte(at) {
            match byte {
                b'"' => match self.string_end(at) {
                    Some(end) => {
                        at = end;
                        continue;
                    }
                    None => break,
                },
                b'{' | b'[' => {
                    open.push(found.len());
                    found.push((at, 0));
                }
                b'}' | b']' => {
                    if let Some(container) = open.pop() {
                        found[container].1 = at + 1;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        found.retain(|(_, end)| *end > 0);
        found
    }

    /// The beginning of the member's value in the object that begins at `start`.
    fn member(&self, start: usize, key: &str) -> Option<usize> {
        let mut found = None;
        let mut at = self.enter(start, b'{')?;
        while self.byte(at) == Some(b'"') {
            let key_end = self.string_end(at)?;
            let value = self.skip_space(self.expect(self.skip_space(key_end), b':')?);
            if parse(&self.text[at..key_end]).ok()?.as_str() == Some(key) {
                found = Some(value);
            }
            at = self.next_entry(value)?;
        }
        found
    }

    /// The beginning of the item in the array that begins at `start`.
    fn item(&self, start: usize, index: usize) -> Option<usize> {
        let mut at = self.enter(start, b'[')?;
        for _ in 0..index {
            at = self.next_entry(at)?;
        }
        (self.byte(at)? != b']').then_some(at)
    }

    fn enter(&self, start: usize, open: u8) -> Option<usize> {
        Some(self.skip_space(self.expect(start, open)?))
    }

    /// From the beginning of a value to that of the next entry, or to the closing bracket.
    fn next_entry(&self, value: usize) -> Option<usize> {
        let after = self.skip_space(self.value_end(value)?);
        match self.byte(after)? {
            b',' => Some(self.skip_space(after + 1)),
            b']' | b'}' => Some(after),
            _ => None,
        }
    }

    fn value_end(&self, start: usize) -> Option<usize> {
        match self.byte(start)? {
            b'"' => self.string_end(start),
            b'{' | b'[' => self.container_end(start),
            b',' | b':' | b'}' | b']' => None,
            _ => {
                let ends =
                    |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n');
                let length = self.bytes[start..].iter().position(ends);
                Some(length.map_or(self.bytes.len(), |length| start + length))
            }
        }
    }

    fn container_end(&self, start: usize) -> Option<usize> {
        let found = self
            .containers
            .binary_search_by_key(&start, |(begin, _)| *begin);
        found.ok().map(|position| self.containers[position].1)
    }

    fn string_end(&self, start: usize) -> Option<usize> {
        let mut at = start + 1;
        loop {
            match self.byte(at)? {
                b'"' => return Some(at + 1),
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
    }

    fn expect(&self, at: usize, byte: u8) -> Option<usize> {
        (self.byte(at)? == byte).then_some(at + 1)
    }

    fn skip_space(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let space = rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        at + space.count()
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }
}
