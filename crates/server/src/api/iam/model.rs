//! What is stored: roles and managed policies. JSON records; a field that is added later needs a default.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: String,
}

/// A role with everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Role {
    pub(super) name: String,
    pub(super) path: String,
    /// `AROA...`.
    pub(super) id: String,
    pub(super) arn: String,
    #[serde(with = "millis")]
    pub(super) created: Timestamp,
    /// The trust policy, as given.
    pub(super) trust: String,
    pub(super) description: Option<String>,
    /// Seconds.
    pub(super) max_session: u32,
    /// A policy's ARN.
    pub(super) boundary: Option<String>,
    /// In the order of their making.
    pub(super) tags: Vec<Tag>,
    /// Documents by name, as given.
    pub(super) inline: BTreeMap<String, String>,
    /// ARNs of managed policies.
    pub(super) attached: Vec<String>,
}

/// A managed policy of the account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ManagedPolicy {
    pub(super) name: String,
    pub(super) path: String,
    /// `ANPA...`.
    pub(super) id: String,
    pub(super) arn: String,
    #[serde(with = "millis")]
    pub(super) created: Timestamp,
    #[serde(with = "millis")]
    pub(super) updated: Timestamp,
    pub(super) description: Option<String>,
    pub(super) tags: Vec<Tag>,
    /// At most five, oldest first; never empty.
    pub(super) versions: Vec<PolicyVersion>,
    /// The number of the version in force.
    pub(super) default_version: u32,
    /// The number of the next version; numbers are never used again.
    pub(super) next_version: u32,
    /// How many roles it is attached to; changed in one transaction with the role.
    pub(super) attachments: u32,
}

/// One version of a managed policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PolicyVersion {
    pub(super) number: u32,
    pub(super) document: String,
    #[serde(with = "millis")]
    pub(super) created: Timestamp,
}

impl ManagedPolicy {
    /// A version by its id, `v3`.
    pub(super) fn version(&self, id: &str) -> Option<&PolicyVersion> {
        self.versions.iter().find(|version| version.id() == id)
    }
}

impl PolicyVersion {
    /// `v3`.
    pub(super) fn id(&self) -> String {
        format!("v{}", self.number)
    }
}

/// A time as a number of milliseconds since the epoch.
mod millis {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        time: &Timestamp,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(time.as_millisecond())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Timestamp, D::Error> {
        Timestamp::from_millisecond(i64::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
