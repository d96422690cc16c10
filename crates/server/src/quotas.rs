//! How much there may be of everything: the service's quotas (spec quotas.md), enforced unless configuration says otherwise.
//!
//! Owns the numbers and their names. What is said when one is reached is the API's business.

use std::str::FromStr;

/// The quotas in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// State machines of an account in a region.
    pub state_machines: usize,
    /// Activities of an account in a region.
    pub activities: usize,
    /// Versions of a state machine at a time.
    pub versions: usize,
    /// Aliases of a state machine at a time.
    pub aliases: usize,
    /// Open standard executions on this server.
    pub open_executions: usize,
}

impl Default for Quotas {
    fn default() -> Quotas {
        Quotas {
            state_machines: 100_000,
            activities: 100_000,
            versions: 1_000,
            aliases: 100,
            open_executions: 1_000_000,
        }
    }
}

impl Quotas {
    /// These with others in the place of some.
    pub fn changed_by(mut self, changes: &[Quota]) -> Quotas {
        for Quota(name, number) in changes {
            if let Some(quota) = self.named(name) {
                *quota = *number;
            }
        }
        self
    }

    fn named(&mut self, name: &str) -> Option<&mut usize> {
        Some(match name {
            "state-machines" => &mut self.state_machines,
            "activities" => &mut self.activities,
            "versions-per-state-machine" => &mut self.versions,
            "aliases-per-state-machine" => &mut self.aliases,
            "open-executions" => &mut self.open_executions,
            _ => return None,
        })
    }
}

/// One quota as configuration says it: `activities=500`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Quota(String, usize);

/// Why a text is no quota.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not NAME=NUMBER with a NAME of state-machines, activities, versions-per-state-machine, \
     aliases-per-state-machine, open-executions"
)]
pub struct QuotaError(String);

impl FromStr for Quota {
    type Err = QuotaError;

    fn from_str(text: &str) -> Result<Quota, QuotaError> {
        let wrong = || QuotaError(text.to_owned());
        let (name, number) = text.split_once('=').ok_or_else(wrong)?;
        let number = number.trim().parse().map_err(|_| wrong())?;
        match Quotas::default().named(name.trim()) {
            Some(_) => Ok(Quota(name.trim().to_owned(), number)),
            None => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Quota {
    type Error = QuotaError;

    fn try_from(text: String) -> Result<Quota, QuotaError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_a_name_and_a_number() {
        let quota: Quota = "activities=5".parse().unwrap();
        assert_eq!(Quotas::default().changed_by(&[quota]).activities, 5);
        for wrong in [
            "activities",
            "activities=",
            "activities=-1",
            "machines=5",
            "=5",
        ] {
            assert!(wrong.parse::<Quota>().is_err(), "{wrong}");
        }
    }
}
