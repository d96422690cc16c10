//! IAM's records: where they are, and how several of them are changed at once.
//!
//! Every change is decided on what was read and committed under the condition that it still is so; when somebody was
//! faster, it is decided again. Roles and policies are found without regard to case, since their names must differ in
//! more than case.

use aws::ApiError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{Precondition, Transaction};

use super::errors;
use super::model::{ManagedPolicy, Role};
use crate::records::{self, RecordError, RecordKey, Records};

pub(super) const ROLE: &str = "iam-role";
const POLICY: &str = "iam-policy";
/// How often a change is decided anew before the caller is told to come back.
const ATTEMPTS: usize = 256;
/// Records read at a time when all are looked through.
const SCAN: usize = 256;

/// The records of one account.
#[derive(Clone, Copy)]
pub(super) struct Shelf<'a> {
    records: &'a Records,
    account: &'a str,
}

/// A record as it was read, with the conditions under which a change of it holds.
pub(super) struct Stored<T> {
    pub(super) value: T,
    key: RecordKey,
    /// That the record still is what was read.
    unchanged: Vec<Precondition>,
}

impl<T: Serialize> Stored<T> {
    /// Replaces the record in a transaction.
    pub(super) fn put(&self, tx: Transaction, new: &T) -> Transaction {
        self.conditioned(tx)
            .put(self.key.bytes().clone(), records::encode(new))
    }

    /// Removes the record in a transaction.
    pub(super) fn delete(&self, tx: Transaction) -> Transaction {
        self.conditioned(tx).delete(self.key.bytes().clone())
    }

    fn conditioned(&self, mut tx: Transaction) -> Transaction {
        tx.preconditions.extend(self.unchanged.iter().cloned());
        tx
    }
}

impl<'a> Shelf<'a> {
    pub(super) fn new(records: &'a Records, account: &'a str) -> Shelf<'a> {
        Shelf { records, account }
    }

    /// A role; `NoSuchEntity` when there is none.
    pub(super) fn role(&self, name: &str) -> Result<Stored<Role>, ApiError> {
        self.find_role(name)?.ok_or_else(|| errors::no_role(name))
    }

    pub(super) fn find_role(&self, name: &str) -> Result<Option<Stored<Role>>, ApiError> {
        Ok(self
            .load::<Role>(self.key(ROLE, name))?
            .filter(|role| role.value.name == name))
    }

    /// A managed policy of this account by its ARN.
    pub(super) fn find_policy(&self, arn: &str) -> Result<Option<Stored<ManagedPolicy>>, ApiError> {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        Ok(self
            .load::<ManagedPolicy>(self.key(POLICY, name))?
            .filter(|policy| policy.value.arn == arn))
    }

    /// Adds a new role to a transaction.
    pub(super) fn create_role(&self, role: &Role) -> Transaction {
        self.create(self.key(ROLE, &role.name), role)
    }

    /// Adds a new policy to a transaction.
    pub(super) fn create_policy(&self, policy: &ManagedPolicy) -> Transaction {
        self.create(self.key(POLICY, &policy.name), policy)
    }

    /// Whether a role has this name in any case.
    pub(super) fn role_name_taken(&self, name: &str) -> Result<bool, ApiError> {
        Ok(self.load::<Role>(self.key(ROLE, name))?.is_some())
    }

    /// Whether a policy has this name in any case, on any path.
    pub(super) fn policy_name_taken(&self, name: &str) -> Result<bool, ApiError> {
        Ok(self
            .load::<ManagedPolicy>(self.key(POLICY, name))?
            .is_some())
    }

    /// Roles in the order of their names, after the one named, as long as `take` wants more.
    pub(super) fn each_role(
        &self,
        after: Option<&str>,
        take: impl FnMut(Role) -> bool,
    ) -> Result<(), ApiError> {
        self.each(ROLE, after, take)
    }

    /// Policies of the account in the order of their names, after the one named, as long as `take` wants more.
    pub(super) fn each_policy(
        &self,
        after: Option<&str>,
        take: impl FnMut(ManagedPolicy) -> bool,
    ) -> Result<(), ApiError> {
        self.each(POLICY, after, take)
    }

    /// Lets `decide` read and make a transaction, and commits it; again when the commit's conditions no longer held.
    pub(super) async fn change<R>(
        &self,
        decide: impl Fn(&Shelf<'a>) -> Result<(Transaction, R), ApiError>,
    ) -> Result<R, ApiError> {
        for _ in 0..ATTEMPTS {
            let (tx, answer) = decide(self)?;
            if tx.writes.is_empty() {
                return Ok(answer);
            }
            match self.records.commit(tx).await {
                Ok(()) => return Ok(answer),
                Err(RecordError::Conflict) => {}
                Err(error) => return Err(errors::of_record(error)),
            }
        }
        Err(errors::concurrent_modification())
    }

    fn create<T: Serialize>(&self, key: RecordKey, value: &T) -> Transaction {
        Transaction::new()
            .require_absent(key.bytes().clone())
            .put(key.bytes().clone(), records::encode(value))
    }

    fn key(&self, kind: &'static str, name: &str) -> RecordKey {
        RecordKey::new(self.account, "", kind, &[&name.to_ascii_lowercase()])
    }

    fn load<T: Serialize + DeserializeOwned>(
        &self,
        key: RecordKey,
    ) -> Result<Option<Stored<T>>, ApiError> {
        let Some(record) = self.records.get::<T>(&key).map_err(errors::of_record)? else {
            return Ok(None);
        };
        let unchanged = self
            .records
            .replacing(&key, &record, &record.value)
            .preconditions;
        Ok(Some(Stored {
            value: record.value,
            key,
            unchanged,
        }))
    }

    fn each<T: DeserializeOwned>(
        &self,
        kind: &'static str,
        after: Option<&str>,
        mut take: impl FnMut(T) -> bool,
    ) -> Result<(), ApiError> {
        let prefix = RecordKey::new(self.account, "", kind, &[]);
        let mut after = after.map(|name| self.key(kind, name));
        loop {
            let rows = self
                .records
                .list(&prefix, after.as_ref(), SCAN)
                .map_err(errors::of_record)?;
            let last = rows.len() < SCAN;
            for (key, value) in rows {
                after = Some(key);
                if !take(value) {
                    return Ok(());
                }
            }
            if last {
                return Ok(());
            }
        }
    }
}
