//! The parts of a path.

use std::fmt;
use std::sync::Arc;

use super::filter::Filter;

/// One step of a path.
#[derive(Clone, Debug)]
pub(super) enum Segment {
    /// `.name`, `['name']`
    Key(Arc<str>),
    /// `['a','b']`
    Keys(Arc<[Arc<str>]>),
    /// `[0]`; negative ones count from the end.
    Index(i64),
    /// `[0,2]`
    Indexes(Arc<[i64]>),
    /// `[1:3]`, `[1:]`, `[:3]`
    Slice {
        /// The first index; negative only makes sense without an end, as in Jayway.
        from: Option<i64>,
        /// The index behind the last; negative only makes sense without a start.
        to: Option<i64>,
    },
    /// `.*`, `[*]`
    Wildcard,
    /// `..`: what follows is tried on every value from here down.
    Descend,
    /// `[?(...)]`
    Filter(Arc<Filter>),
}

impl Segment {
    pub(super) fn is_definite(&self) -> bool {
        matches!(self, Segment::Key(_) | Segment::Index(_))
    }

    pub(super) fn is_reference(&self) -> bool {
        match self {
            Segment::Key(_) => true,
            Segment::Index(index) => *index >= 0,
            _ => false,
        }
    }
}

/// In Jayway's normal form: `['name']`, `[0]`.
impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Segment::Key(key) => write!(f, "['{key}']"),
            Segment::Keys(keys) => write!(f, "['{}']", keys.join("','")),
            Segment::Index(index) => write!(f, "[{index}]"),
            Segment::Indexes(indexes) => {
                let indexes: Vec<String> = indexes.iter().map(i64::to_string).collect();
                write!(f, "[{}]", indexes.join(","))
            }
            Segment::Slice { from, to } => {
                let bound = |bound: &Option<i64>| bound.map_or(String::new(), |n| n.to_string());
                write!(f, "[{}:{}]", bound(from), bound(to))
            }
            Segment::Wildcard => f.write_str("[*]"),
            Segment::Descend => f.write_str(".."),
            Segment::Filter(_) => f.write_str("[?]"),
        }
    }
}

/// `$` and the segments in normal form.
pub(super) fn normal_form(segments: &[Segment]) -> String {
    segments.iter().fold(String::from("$"), |path, segment| {
        path + &segment.to_string()
    })
}
