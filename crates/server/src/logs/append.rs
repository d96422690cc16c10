//! Writing events, and making room for them.

use store::{KeyRange, Order, Transaction};

use super::chunk::{self, Head};
use super::rows::{Usage, number_of};
use super::{GROUP_BYTES, Group, GroupPlace, Logs, LogsError};

const DAY_MILLIS: i64 = 86_400_000;
/// Chunks that are looked at in one go when room is made; each may have a megabyte.
const PAGE: usize = 8;

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEvent {
    /// When it happened, in milliseconds, as its writer says.
    pub timestamp: i64,
    /// What happened.
    pub message: String,
}

impl Logs {
    /// Writes events to a stream that is there.
    pub async fn put(
        &self,
        place: &GroupPlace,
        stream: &str,
        events: &[LogEvent],
    ) -> Result<(), LogsError> {
        self.append(place, stream, events, false).await
    }

    /// Writes events to a stream of this server's own, which is made when it is missing.
    pub async fn deliver(
        &self,
        place: &GroupPlace,
        stream: &str,
        events: &[LogEvent],
    ) -> Result<(), LogsError> {
        self.append(place, stream, events, true).await
    }

    async fn append(
        &self,
        place: &GroupPlace,
        stream: &str,
        events: &[LogEvent],
        is_own: bool,
    ) -> Result<(), LogsError> {
        let _writer = self.writer.lock().await;
        let group = self.group(place)?;
        let mut usage = self.usage(&group)?;
        let found = match is_own {
            true => self.own_stream(&group, stream, &mut usage.streams)?,
            false => self.stream(&group, stream)?.ok_or(LogsError::NoStream)?,
        };
        if events.is_empty() {
            return Ok(());
        }
        let head = Head::of(stream, self.now_millis(), events);
        let row = chunk::encode(&head, events);
        let size = row.len() as u64;
        while usage.bytes > 0 && usage.bytes + size > GROUP_BYTES {
            let keep = GROUP_BYTES.saturating_sub(size);
            if self
                .drop_oldest(&group, &mut usage, |_, bytes| bytes > keep)
                .await?
                == 0
            {
                break;
            }
        }
        let number = usage.next;
        usage.next += 1;
        usage.bytes += size;
        let transaction = Transaction::new()
            .put(group.chunk(number), row)
            .put(group.stream_chunk(stream, number), Vec::new())
            .put(group.stream(stream), found.with(&head).encode())
            .put(group.usage(), usage.encode());
        self.commit(transaction).await
    }

    /// Removes what is older than the account's groups keep it.
    pub async fn expire(&self, account: &str) -> Result<(), LogsError> {
        for region in self.regions(account)? {
            for group in self.groups(account, &region, None, usize::MAX, |_| true)? {
                self.expire_in(&group).await?;
            }
        }
        Ok(())
    }

    async fn expire_in(&self, group: &Group) -> Result<(), LogsError> {
        let Some(days) = group.retention_days else {
            return Ok(());
        };
        let before = self.now_millis() - i64::from(days) * DAY_MILLIS;
        loop {
            let _writer = self.writer.lock().await;
            // Its rows belong to nobody once the group is gone.
            let group = match self.group(&group.place) {
                Err(LogsError::NoGroup) => return Ok(()),
                found => found?,
            };
            let mut usage = self.usage(&group)?;
            let is_old = |head: &Head, _| head.ingested < before;
            if self.drop_oldest(&group, &mut usage, is_old).await? == 0 {
                return Ok(());
            }
        }
    }

    /// Removes some of the oldest chunks as long as `goes` says so of the oldest one and of the bytes that there are;
    /// how many.
    async fn drop_oldest(
        &self,
        group: &Group,
        usage: &mut Usage,
        goes: impl Fn(&Head, u64) -> bool,
    ) -> Result<usize, LogsError> {
        let range = KeyRange::prefix(group.chunks());
        let mut transaction = Transaction::new();
        let mut dropped = 0;
        for (key, row) in self.store.scan(range, Order::Ascending, PAGE)? {
            let head = chunk::head(&row)?;
            if !goes(&head, usage.bytes) {
                break;
            }
            usage.bytes = usage.bytes.saturating_sub(row.len() as u64);
            let of_stream = group.stream_chunk(&head.stream, number_of(&key)?);
            transaction = transaction.delete(key).delete(of_stream);
            dropped += 1;
        }
        if dropped > 0 {
            self.commit(transaction.put(group.usage(), usage.encode()))
                .await?;
        }
        Ok(dropped)
    }
}
