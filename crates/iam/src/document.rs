//! The elements of a policy document, parsed. Owns their types; decides nothing.

use crate::condition::Condition;

/// A policy document: of a role, a managed policy, or a role's trust.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// `None` where the document does not say; means 2008.
    pub version: Option<Version>,
    /// At least one.
    pub statements: Vec<Statement>,
}

/// The two versions of the policy language. Policy variables exist in the second only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `2008-10-17`.
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// One statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Unique among the statements where it is not empty.
    pub sid: Option<String>,
    /// Allow or deny.
    pub effect: Effect,
    /// Whether the effect was spelt in its proper case, which only IAM's older parser minds.
    pub(crate) effect_exact: bool,
    /// Who; `None` in identity policies.
    pub principal: Option<PrincipalClause>,
    /// `Action` or `NotAction`.
    pub action: Option<Clause>,
    /// `Resource` or `NotResource`; `None` in trust policies.
    pub resource: Option<Clause>,
    /// All must hold.
    pub(crate) conditions: Vec<Condition>,
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// `Allow`.
    Allow,
    /// `Deny`.
    Deny,
}

/// A list of patterns, or everything but them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// `NotAction`, `NotResource`.
    pub negated: bool,
    /// As written.
    pub patterns: Vec<String>,
}

/// A list of principals, or everybody but them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrincipalClause {
    /// `NotPrincipal`.
    pub negated: bool,
    /// As written.
    pub principals: Vec<PrincipalPattern>,
}

/// One principal as a policy names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalPattern {
    /// `"Principal": "*"`.
    Everyone,
    /// An ARN, an account id or `*`.
    Aws(String),
    /// `states.amazonaws.com`.
    Service(String),
    /// An identity provider.
    Federated(String),
    /// An S3 canonical user id.
    CanonicalUser(String),
}
