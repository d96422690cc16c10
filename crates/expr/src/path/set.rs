//! Reference paths: where a result is put.

use std::fmt;
use std::sync::Arc;

use super::segment::Segment;
use super::{Path, PathSyntaxError};
use crate::Value;
use crate::budget::Budget;
use crate::json::{MAX_DEPTH, Object};

/// A path that leads to exactly one place: names and non-negative indexes only, `$.a['b'][0]`.
#[derive(Clone, Debug)]
pub struct ReferencePath {
    path: Path,
}

/// Why a value cannot be put at a place; the service calls it `States.ResultPathMatchFailure`.
#[derive(Clone, Debug, PartialEq)]
pub struct SetError {
    path: Arc<str>,
    base: Value,
}

impl fmt::Display for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Unable to apply ReferencePath {} to input {}",
            self.path, self.base
        )
    }
}

impl std::error::Error for SetError {}

impl ReferencePath {
    /// Compiles a reference path. Its root may be `$`, `$$` or `$name`; which of them a field
    /// allows is the caller's business.
    pub fn parse(source: &str) -> Result<ReferencePath, PathSyntaxError> {
        let path = Path::parse(source)?;
        if path.is_reference() {
            return Ok(ReferencePath { path });
        }
        Err(PathSyntaxError {
            message: "Value is not a Reference Path".to_owned(),
        })
    }

    /// The same path, for reading.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `base` with `value` put at the path.
    ///
    /// Missing objects on the way are made; an array must have the index already. Whatever else is
    /// in the way (a scalar, null, an array under a name) is an error, as is a result nested deeper
    /// than [`MAX_DEPTH`].
    pub fn set(&self, base: &Value, value: Value) -> Result<Value, SetError> {
        let segments = &self.path.segments;
        let fits =
            segments.is_empty() || value.fits(MAX_DEPTH - segments.len(), &mut { Budget::VISITS });
        let placed = if fits {
            place(Some(base), segments, value)
        } else {
            None
        };
        placed.ok_or_else(|| SetError {
            path: self.path.source.clone(),
            base: base.clone(),
        })
    }
}

/// Copies the containers along the path, shares the rest. `None` when something is in the way.
fn place(base: Option<&Value>, segments: &[Segment], value: Value) -> Option<Value> {
    let Some((segment, rest)) = segments.split_first() else {
        return Some(value);
    };
    match (segment, base) {
        (Segment::Key(key), None) => {
            Some(Value::object([(key.clone(), place(None, rest, value)?)]))
        }
        (Segment::Key(key), Some(Value::Object(members))) => {
            let inner = place(members.get(key), rest, value)?;
            let mut members = Object::clone(members);
            members.insert(key.clone(), inner);
            Some(Value::Object(Arc::new(members)))
        }
        (Segment::Index(index), Some(Value::Array(items))) => {
            let index = usize::try_from(*index).ok()?;
            let inner = place(Some(items.get(index)?), rest, value)?;
            let mut items = Vec::clone(items);
            items[index] = inner;
            Some(Value::array(items))
        }
        _ => None,
    }
}
