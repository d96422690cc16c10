//! What a store says about itself.

/// Counters since the store was opened, and a few sizes as they are now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The sequence of the last committed transaction, over the whole life of the data; 0 if there is none.
    pub sequence: u64,
    /// Transactions committed.
    pub commits: u64,
    /// Transactions refused because a precondition did not hold.
    pub conflicts: u64,
    /// Transactions refused because the queue was full.
    pub overloads: u64,
    /// Group commits: `commits / batches` is the mean size of a batch.
    pub batches: u64,
    /// Bytes written to the log, record headers included.
    pub bytes_written: u64,
    /// Times the log was synced to the disk.
    pub fsyncs: u64,
    /// Bytes of log that are still needed or not yet recycled, as preallocated on the disk.
    pub log_bytes: u64,
    /// Log segments on the disk, spare ones included.
    pub segments: u64,
    /// Times the index was made durable so that the log could be cut.
    pub checkpoints: u64,
    /// Transactions that wait for the committer now.
    pub queue_depth: u64,
    /// Bytes that wait for the committer now.
    pub queue_bytes: u64,
}
