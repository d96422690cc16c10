//! What a path may start from.

use crate::Allowance;
use crate::json::Value;

/// The documents that `$`, `$$` and `$name` stand for while an expression is evaluated.
///
/// The engine implements it, lazily: a root that no expression mentions is never built.
pub trait Roots {
    /// `$`: the input of the field that is evaluated.
    fn input(&self) -> &Value;
    /// `$$`: the Context Object.
    fn context(&self) -> &Value;
    /// `$name`: a workflow variable, if it is assigned.
    fn variable(&self, name: &str) -> Option<&Value>;
    /// What evaluations over these roots may do, together with others; none: each as much as an evaluation may.
    fn allowance(&self) -> Option<&Allowance> {
        None
    }
}
