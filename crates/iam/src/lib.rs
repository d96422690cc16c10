//! IAM policies: what a document says, whether AWS would take it, and what it allows.
//!
//! Pure evaluation. Owns the policy language (elements, wildcards, variables, conditions), the checks that IAM makes
//! of a new document, and the decision. It must never know where policies are stored, who asks over which protocol,
//! or what the time is: the caller brings documents and context keys.

pub mod check;
mod condition;
mod context;
mod date;
mod document;
mod error;
mod evaluate;
mod parse;
mod pattern;
mod principal;

pub use context::Context;
pub use document::{Clause, Effect, Policy, PrincipalClause, PrincipalPattern, Statement, Version};
pub use error::PolicyError;
pub use evaluate::{Decision, Request, evaluate, trusts};
pub use principal::Caller;
