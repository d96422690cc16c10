//! What other services ask of IAM: whether a role trusts them.

use aws::arn::RoleArn;
use iam::{Context, Policy};

use super::Iam;
use super::model::Role;
use super::shelf;
use crate::records::{RecordError, RecordKey};
use crate::roles::Trust;

impl Iam {
    /// Whether the role lets a service (`states.amazonaws.com`, `lambda.amazonaws.com`) assume it. `context` may hold
    /// `aws:SourceArn` and `aws:SourceAccount`, on which careful trust policies are conditioned.
    pub fn trust(
        &self,
        role: &RoleArn,
        service: &str,
        context: &Context,
    ) -> Result<Trust, RecordError> {
        let name = role.name.to_ascii_lowercase();
        let key = RecordKey::new(&role.account, "", shelf::ROLE, &[&name]);
        let stored = self.records.get::<Role>(&key)?.map(|record| record.value);
        let Some(stored) = stored.filter(|stored| stored.arn == role.to_string()) else {
            return Ok(Trust::UnknownRole);
        };
        let trusted = Policy::parse(&stored.trust)
            .is_ok_and(|policy| iam::trusts(&policy, service, "sts:AssumeRole", context));
        Ok(if trusted {
            Trust::Given
        } else {
            Trust::Refused
        })
    }
}
