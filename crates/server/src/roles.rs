//! Whether a role may be used by Step Functions: what state machines must know of IAM, and no more.

use std::sync::Arc;

use aws::arn::RoleArn;

use crate::records::RecordError;

/// What is known of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It is there and `states.amazonaws.com` may assume it.
    Given,
    /// It is there and does not trust the service.
    Refused,
    /// This server has never seen it.
    UnknownRole,
}

/// Finds out about roles: the role, and the state machine that is to use it.
type Lookup = dyn Fn(&RoleArn, &str) -> Result<Trust, RecordError> + Send + Sync;

/// Looks roles up.
#[derive(Clone)]
pub struct Roles(Arc<Lookup>);

impl Roles {
    /// Over whoever keeps the roles.
    pub fn new(
        lookup: impl Fn(&RoleArn, &str) -> Result<Trust, RecordError> + Send + Sync + 'static,
    ) -> Roles {
        Roles(Arc::new(lookup))
    }

    /// What is known of the role; trust policies may be conditioned on the state machine's ARN and account.
    pub fn trust(&self, role: &RoleArn, machine_arn: &str) -> Result<Trust, RecordError> {
        (self.0)(role, machine_arn)
    }
}
