//! Ranges of keys, and the order in which a scan walks them.

use bytes::Bytes;
use std::ops::Bound;

/// The direction of a scan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// From the smallest key to the largest.
    #[default]
    Ascending,
    /// From the largest key to the smallest.
    Descending,
}

/// A half-open range of keys: from `start` (inclusive) to `end` (exclusive).
///
/// ```
/// use store::KeyRange;
/// let page = KeyRange::prefix("user/").after("user/41");
/// assert!(page.contains(b"user/42"));
/// assert!(!page.contains(b"user/41"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    start: Bytes,
    end: Option<Bytes>,
}

impl KeyRange {
    /// Every key.
    pub fn all() -> Self {
        Self {
            start: Bytes::new(),
            end: None,
        }
    }

    /// Every key that begins with `prefix`.
    pub fn prefix(prefix: impl Into<Bytes>) -> Self {
        let start = prefix.into();
        let end = successor(&start);
        Self { start, end }
    }

    /// Every key from `start` on, `start` included.
    pub fn from_start(start: impl Into<Bytes>) -> Self {
        Self {
            start: start.into(),
            end: None,
        }
    }

    /// Every key before `end`, `end` excluded.
    pub fn until(end: impl Into<Bytes>) -> Self {
        Self {
            start: Bytes::new(),
            end: Some(end.into()),
        }
    }

    /// Every key from `start` (included) to `end` (excluded); empty if `end` is not after `start`.
    pub fn between(start: impl Into<Bytes>, end: impl Into<Bytes>) -> Self {
        Self {
            start: start.into(),
            end: Some(end.into()),
        }
    }

    /// The part of this range at and after `key`.
    #[must_use]
    pub fn starting_at(mut self, key: impl Into<Bytes>) -> Self {
        self.start = self.start.max(key.into());
        self
    }

    /// The part of this range after `key`: the next page of an ascending scan that ended with `key`.
    #[must_use]
    pub fn after(self, key: impl AsRef<[u8]>) -> Self {
        let mut next = key.as_ref().to_vec();
        next.push(0);
        self.starting_at(next)
    }

    /// The part of this range before `key`: the next page of a descending scan that ended with `key`.
    #[must_use]
    pub fn before(mut self, key: impl Into<Bytes>) -> Self {
        let key = key.into();
        self.end = Some(match self.end.take() {
            Some(end) => end.min(key),
            None => key,
        });
        self
    }

    /// The first key of the range; empty if it has no lower bound.
    pub fn start(&self) -> &[u8] {
        &self.start
    }

    /// The first key after the range, if it has an upper bound.
    pub fn end(&self) -> Option<&[u8]> {
        self.end.as_deref()
    }

    /// Whether no key can be in the range.
    pub fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }

    /// Whether `key` is in the range.
    pub fn contains(&self, key: &[u8]) -> bool {
        key >= self.start() && self.end().is_none_or(|end| key < end)
    }

    /// The bounds as the standard library takes them. Not for an empty range, over which `BTreeMap::range` panics.
    pub(crate) fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        let end = self.end().map_or(Bound::Unbounded, Bound::Excluded);
        (Bound::Included(self.start()), end)
    }
}

/// The smallest key after every key that begins with `prefix`; `None` if there is none (all bytes 255).
fn successor(prefix: &[u8]) -> Option<Bytes> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut next = prefix[..=last].to_vec();
    next[last] += 1;
    Some(next.into())
}
