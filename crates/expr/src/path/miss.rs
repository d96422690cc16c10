//! Why a path leads to nothing, in Jayway's words.

use std::sync::Arc;

/// Why a definite path leads to nothing. Displayed as Jayway says it, with the path in its normal
/// form, which always starts with `$` (measured: a missing `$$.A` is reported as `$['A']`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Miss {
    /// The last name of the path is missing.
    #[error("No results for path: {path}")]
    Property {
        /// The whole path.
        path: String,
    },
    /// A name on the way is missing.
    #[error("Missing property in path {path}")]
    Parent {
        /// The path up to that name.
        path: String,
    },
    /// A name is looked up in something that is not an object.
    #[error("Property ['{property}'] not found in path {path}")]
    NotAnObject {
        /// The name.
        property: Arc<str>,
        /// The path to what is not an object.
        path: String,
    },
    /// The array is too short. In a `.$` field of a template this gives null, elsewhere it is a
    /// miss (measured, spec: asl.md 3.3).
    #[error("No results for path: {path}")]
    Index {
        /// The whole path.
        path: String,
    },
    /// An index is looked up in something that is not an array.
    #[error("Filter: {filter} can only be applied to arrays. Current context is: {context}")]
    NotAnArray {
        /// The segment: `[0]`.
        filter: String,
        /// The JSON text of what is not an array.
        context: String,
    },
    /// The variable is not assigned.
    #[error("The variable '${name}' is not defined")]
    UndefinedVariable {
        /// Its name, without `$`.
        name: Arc<str>,
    },
    /// The path matches, or has to look at, more than an evaluation may.
    #[error("The path matches or visits too many values")]
    TooMany,
}
