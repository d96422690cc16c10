//! Control-plane records (machines, roles, policies, functions, tags): JSON by key in the store, with
//! compare-and-set, so that no change is lost to another.
//!
//! Owns the envelope (one version byte before the JSON) and the keys. Knows no record's meaning.

mod cache;

use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use runtime::keys::{Namespace, Table};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{KeyRange, Order, Outcome, Store, StoreError, Transaction};

use self::cache::Cache;

/// The envelope's version; a newer one is refused.
const VERSION: u8 = 1;

/// Why a record could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Somebody else changed the record, or it exists already.
    #[error("the record was changed at the same time")]
    Conflict,
    /// The store went away without an answer.
    #[error("the store has stopped")]
    Lost,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bytes are not a record that this version knows.
    #[error("record {key} cannot be read: {reason}")]
    Unreadable {
        /// The key, escaped.
        key: String,
        /// What is wrong.
        reason: String,
    },
}

/// Where a record is: namespace, kind, name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordKey(Bytes);

impl RecordKey {
    /// The key of one record; `region` is empty for what is global.
    pub fn new(account: &str, region: &str, kind: &'static str, name: &[&str]) -> RecordKey {
        let key = Namespace::new(account, region)
            .table(Table::Record)
            .text(kind);
        RecordKey(name.iter().fold(key, |key, part| key.text(part)).build())
    }

    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }
}

/// A record as it was read; the bytes are what a later replacement is compared with.
#[derive(Clone, Debug)]
pub struct Record<T> {
    /// The content.
    pub value: T,
    raw: Bytes,
    kind: PhantomData<T>,
}

/// What [`Records::update`] is to do with a record.
pub enum Change<T> {
    /// Write this.
    Put(T),
    /// Remove it.
    Delete,
}

/// All control-plane records.
#[derive(Clone)]
pub struct Records {
    store: Arc<dyn Store>,
    cache: Arc<Cache>,
}

impl Records {
    /// Over a store.
    pub fn new(store: Arc<dyn Store>) -> Records {
        Records {
            store,
            cache: Arc::default(),
        }
    }

    /// The record, if it is there, to be looked at and not changed: what is asked for all the time is decoded once.
    pub fn shared<T>(&self, key: &RecordKey) -> Result<Option<Arc<T>>, RecordError>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        if let Some(kept) = self.cache.get(key.bytes()) {
            return Ok(Some(kept));
        }
        let moment = self.cache.moment();
        let Some(record) = self.get::<T>(key)? else {
            return Ok(None);
        };
        let value = Arc::new(record.value);
        self.cache
            .keep(key.bytes(), value.clone(), record.raw.len(), moment);
        Ok(Some(value))
    }

    /// The record, if it is there.
    pub fn get<T: DeserializeOwned>(
        &self,
        key: &RecordKey,
    ) -> Result<Option<Record<T>>, RecordError> {
        let raw = self.store.get(key.bytes())?;
        raw.map(|raw| {
            Ok(Record {
                value: decode(key.bytes(), &raw)?,
                raw,
                kind: PhantomData,
            })
        })
        .transpose()
    }

    /// Writes a record that must not be there yet; [`RecordError::Conflict`] if it is.
    pub async fn create<T: Serialize>(
        &self,
        key: &RecordKey,
        value: &T,
    ) -> Result<(), RecordError> {
        let tx = Transaction::new()
            .require_absent(key.bytes().clone())
            .put(key.bytes().clone(), encode(value));
        self.commit(tx).await
    }

    /// A transaction that writes a record over the one that was read, to be added to.
    pub fn replacing<T: Serialize>(
        &self,
        key: &RecordKey,
        old: &Record<T>,
        new: &T,
    ) -> Transaction {
        Transaction::new()
            .require_equals(key.bytes().clone(), old.raw.clone())
            .put(key.bytes().clone(), encode(new))
    }

    /// Writes a record over the one that was read.
    pub async fn replace<T: Serialize>(
        &self,
        key: &RecordKey,
        old: &Record<T>,
        new: &T,
    ) -> Result<(), RecordError> {
        self.commit(self.replacing(key, old, new)).await
    }

    /// Removes the record that was read.
    pub async fn delete<T>(&self, key: &RecordKey, old: &Record<T>) -> Result<(), RecordError> {
        let tx = Transaction::new()
            .require_equals(key.bytes().clone(), old.raw.clone())
            .delete(key.bytes().clone());
        self.commit(tx).await
    }

    /// Reads, lets `change` decide, writes; again from the start when somebody was faster.
    pub async fn update<T, R, E>(
        &self,
        key: &RecordKey,
        mut change: impl FnMut(Option<&T>) -> Result<(Change<T>, R), E>,
    ) -> Result<R, E>
    where
        T: Serialize + DeserializeOwned,
        E: From<RecordError>,
    {
        loop {
            let old = self.get::<T>(key)?;
            let (wanted, answer) = change(old.as_ref().map(|record| &record.value))?;
            let written = match (wanted, &old) {
                (Change::Delete, None) => Ok(()),
                (Change::Put(new), None) => self.create(key, &new).await,
                (Change::Put(new), Some(old)) => self.replace(key, old, &new).await,
                (Change::Delete, Some(old)) => self.delete(key, old).await,
            };
            match written {
                Ok(()) => return Ok(answer),
                Err(RecordError::Conflict) => continue,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Up to `limit` records of a kind in key order, beginning after `after`. `prefix` is a key of [`RecordKey::new`]
    /// with fewer name parts.
    pub fn list<T: DeserializeOwned>(
        &self,
        prefix: &RecordKey,
        after: Option<&RecordKey>,
        limit: usize,
    ) -> Result<Vec<(RecordKey, T)>, RecordError> {
        let range = KeyRange::prefix(prefix.bytes().clone());
        let range = match after {
            Some(after) => range.after(after.bytes()),
            None => range,
        };
        let rows = self.store.scan(range, Order::Ascending, limit)?;
        rows.into_iter()
            .map(|(key, raw)| {
                let value = decode(&key, &raw)?;
                Ok((RecordKey(key), value))
            })
            .collect()
    }

    /// How many records there are whose keys begin with `prefix`.
    pub fn count(&self, prefix: &RecordKey) -> Result<usize, RecordError> {
        const PAGE: usize = 1_000;
        let (mut range, mut count) = (KeyRange::prefix(prefix.bytes().clone()), 0);
        loop {
            let rows = self.store.scan(range.clone(), Order::Ascending, PAGE)?;
            count += rows.len();
            match rows.last() {
                Some((last, _)) if rows.len() == PAGE => range = range.after(last),
                _ => return Ok(count),
            }
        }
    }

    /// Commits writes of several records at once; [`RecordError::Conflict`] if a precondition does not hold.
    pub async fn commit(&self, tx: Transaction) -> Result<(), RecordError> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let cache = self.cache.clone();
        self.store.submit(
            tx,
            Box::new(move |result| {
                cache.written();
                // Nobody waits any more when the request was dropped.
                let _ = sender.send(result);
            }),
        );
        match receiver.await {
            Ok(Ok(Outcome::Committed { .. })) => Ok(()),
            Ok(Ok(Outcome::Conflict { .. })) => Err(RecordError::Conflict),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(RecordError::Lost),
        }
    }
}

/// The bytes of a record, for transactions that write more than records.
pub fn encode<T: Serialize>(value: &T) -> Bytes {
    let mut bytes = vec![VERSION];
    serde_json::to_writer(&mut bytes, value)
        .expect("records have string keys and no failing serialisers");
    bytes.into()
}

fn decode<T: DeserializeOwned>(key: &[u8], raw: &[u8]) -> Result<T, RecordError> {
    let unreadable = |reason: String| RecordError::Unreadable {
        key: key.escape_ascii().to_string(),
        reason,
    };
    match raw.split_first() {
        Some((&VERSION, json)) => {
            serde_json::from_slice(json).map_err(|error| unreadable(error.to_string()))
        }
        Some((version, _)) => Err(unreadable(format!(
            "its version is {version}, this server knows {VERSION}"
        ))),
        None => Err(unreadable("it is empty".into())),
    }
}
