//! Log groups: made, found, listed, kept for so many days, removed.

use std::collections::BTreeMap;

use runtime::Namespace;
use serde::{Deserialize, Serialize};
use store::{KeyRange, Order, Transaction, Write};
use uuid::Uuid;

use super::rows::Usage;
use super::{Logs, LogsError};
use crate::records::{Change, RecordError, RecordKey, encode};

/// Rows of a group that are removed in one transaction.
const REMOVED: usize = 256;

/// Account, region and name: what an ARN says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupPlace {
    /// Twelve digits.
    pub account: String,
    /// The region.
    pub region: String,
    /// The group's name.
    pub name: String,
}

impl GroupPlace {
    /// Of an ARN of a group, with or without `:*` behind it.
    pub fn from_arn(arn: &str) -> Option<GroupPlace> {
        let arn: aws::Arn = arn.parse().ok()?;
        let name = arn.resource.strip_prefix("log-group:")?;
        let name = name.strip_suffix(":*").unwrap_or(name);
        let is_group = arn.service == "logs" && !name.is_empty() && !name.contains(':');
        is_group.then(|| GroupPlace {
            name: name.to_owned(),
            account: arn.account,
            region: arn.region,
        })
    }

    /// The ARN, without `:*`.
    pub fn arn(&self) -> String {
        let resource = format!("log-group:{}", self.name);
        aws::Arn::new("logs", &self.region, &self.account, resource).to_string()
    }

    pub(super) fn namespace(&self) -> Namespace {
        Namespace::new(&self.account, &self.region)
    }

    fn key(&self) -> RecordKey {
        RecordKey::new(&self.account, &self.region, "log-group", &[&self.name])
    }
}

/// A group's record.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct GroupRecord {
    name: String,
    /// Tells its rows from those of an earlier group of the same name.
    id: (u64, u64),
    created_millis: i64,
    retention_days: Option<u32>,
    tags: BTreeMap<String, String>,
}

/// A group.
#[derive(Clone, Debug)]
pub struct Group {
    /// Where it is.
    pub place: GroupPlace,
    /// When it was made.
    pub created_millis: i64,
    /// How long events are kept.
    pub retention_days: Option<u32>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    pub(super) id: u128,
}

impl Group {
    fn of(account: &str, region: &str, record: GroupRecord) -> Group {
        Group {
            place: GroupPlace {
                account: account.to_owned(),
                region: region.to_owned(),
                name: record.name,
            },
            created_millis: record.created_millis,
            retention_days: record.retention_days,
            tags: record.tags,
            id: u128::from(record.id.0) << 64 | u128::from(record.id.1),
        }
    }
}

/// Says that the account uses groups in the region: since then a name that is none is a mistake.
fn used_key(account: &str, region: &str) -> RecordKey {
    RecordKey::new(account, "", "log-group-region", &[region])
}

impl Logs {
    /// Makes a group.
    pub async fn create_group(
        &self,
        place: &GroupPlace,
        tags: BTreeMap<String, String>,
    ) -> Result<(), LogsError> {
        let record = GroupRecord {
            name: place.name.clone(),
            id: Uuid::new_v4().as_u64_pair(),
            created_millis: self.now_millis(),
            retention_days: None,
            tags,
        };
        let (key, used) = (place.key(), used_key(&place.account, &place.region));
        let transaction = Transaction::new()
            .require_absent(key.bytes().clone())
            .put(key.bytes().clone(), encode(&record))
            .put(used.bytes().clone(), encode(&place.region));
        match self.records.commit(transaction).await {
            Err(RecordError::Conflict) => Err(LogsError::Exists),
            done => Ok(done?),
        }
    }

    /// The group.
    pub fn group(&self, place: &GroupPlace) -> Result<Group, LogsError> {
        let found = self.records.get::<GroupRecord>(&place.key())?;
        let record = found.ok_or(LogsError::NoGroup)?.value;
        Ok(Group::of(&place.account, &place.region, record))
    }

    /// Whether a machine may name the group: it is there, or nobody has ever made one in that account and region, and
    /// the name is as good as a role's that this server has never heard of.
    pub fn may_be_named(&self, place: &GroupPlace) -> Result<bool, LogsError> {
        match self.group(place) {
            Ok(_) => Ok(true),
            Err(LogsError::NoGroup) => {
                let used = used_key(&place.account, &place.region);
                Ok(self.records.get::<String>(&used)?.is_none())
            }
            Err(error) => Err(error),
        }
    }

    /// The regions that the account has made groups in.
    pub(super) fn regions(&self, account: &str) -> Result<Vec<String>, LogsError> {
        let prefix = RecordKey::new(account, "", "log-group-region", &[]);
        let rows = self.records.list::<String>(&prefix, None, usize::MAX)?;
        Ok(rows.into_iter().map(|(_, region)| region).collect())
    }

    /// Groups by name, after `after`, whose name the filter lets through; at most `limit`.
    pub fn groups(
        &self,
        account: &str,
        region: &str,
        after: Option<&str>,
        limit: usize,
        filter: impl Fn(&str) -> bool,
    ) -> Result<Vec<Group>, LogsError> {
        const PAGE: usize = 200;
        let prefix = RecordKey::new(account, region, "log-group", &[]);
        let mut after = after.map(|name| RecordKey::new(account, region, "log-group", &[name]));
        let mut found = Vec::new();
        loop {
            let rows = self
                .records
                .list::<GroupRecord>(&prefix, after.as_ref(), PAGE)?;
            let Some((last, _)) = rows.last() else {
                return Ok(found);
            };
            after = Some(last.clone());
            for (_, record) in rows {
                if found.len() == limit {
                    return Ok(found);
                }
                if filter(&record.name) {
                    found.push(Group::of(account, region, record));
                }
            }
        }
    }

    /// What the group's events take, in bytes.
    pub fn stored_bytes(&self, group: &Group) -> Result<u64, LogsError> {
        Ok(self.usage(group)?.bytes)
    }

    pub(super) fn usage(&self, group: &Group) -> Result<Usage, LogsError> {
        match self.store.get(&group.usage())? {
            Some(row) => Ok(Usage::decode(&row)?),
            None => Ok(Usage::default()),
        }
    }

    /// How many days the group's events are kept; none: as long as there is room.
    pub async fn set_retention(
        &self,
        place: &GroupPlace,
        days: Option<u32>,
    ) -> Result<(), LogsError> {
        self.change(place, |record| record.retention_days = days)
            .await
    }

    /// Changes the group's tags, unless there would be more than `most`.
    pub async fn change_tags(
        &self,
        place: &GroupPlace,
        most: usize,
        change: impl Fn(&mut BTreeMap<String, String>),
    ) -> Result<(), LogsError> {
        let mut tags = self.group(place)?.tags;
        change(&mut tags);
        if tags.len() > most {
            return Err(LogsError::TooMany);
        }
        self.change(place, |record| change(&mut record.tags)).await
    }

    async fn change(
        &self,
        place: &GroupPlace,
        change: impl Fn(&mut GroupRecord),
    ) -> Result<(), LogsError> {
        self.records
            .update(&place.key(), |old: Option<&GroupRecord>| {
                let mut new = old.cloned().ok_or(LogsError::NoGroup)?;
                change(&mut new);
                Ok((Change::Put(new), ()))
            })
            .await
    }

    /// Removes a group with all that is in it; its record last, so that one that was cut off can be done again.
    pub async fn delete_group(&self, place: &GroupPlace) -> Result<(), LogsError> {
        let _writer = self.writer.lock().await;
        let group = self.group(place)?;
        self.remove_rows(KeyRange::prefix(group.all_rows())).await?;
        let key = place.key();
        self.records
            .update(&key, |old: Option<&GroupRecord>| {
                old.map(|_| (Change::Delete, ())).ok_or(LogsError::NoGroup)
            })
            .await
    }

    pub(super) async fn remove_rows(&self, range: KeyRange) -> Result<(), LogsError> {
        loop {
            let rows = self.store.scan(range.clone(), Order::Ascending, REMOVED)?;
            if rows.is_empty() {
                return Ok(());
            }
            let mut transaction = Transaction::new();
            let deletes = rows.into_iter().map(|(key, _)| Write::Delete { key });
            transaction.writes.extend(deletes);
            self.commit(transaction).await?;
        }
    }
}
