//! What can be set about an embedded store.

/// Sizes and limits of an [`crate::EmbeddedStore`]. The defaults suit a server; tests make everything small.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Length of a log segment, in bytes.
    pub segment_bytes: u64,
    /// Length of the first log segment, in bytes; each further one is twice as long, up to `segment_bytes`, so that a
    /// small store is quick to create.
    pub first_segment_bytes: u64,
    /// When this much of the log, in bytes, is not yet durable in the index, the index is made durable.
    pub checkpoint_bytes: u64,
    /// When this much of the index, in bytes, is only in memory, it is made durable. Up to three times as much is held
    /// under load.
    pub index_memory_bytes: u64,
    /// Memory for blocks of the index that were read, and for the pieces of its filters and block indexes, in bytes.
    pub index_cache_bytes: u64,
    /// The most transactions that wait; more are refused with [`crate::StoreError::Overloaded`].
    pub queue_transactions: usize,
    /// The most bytes that wait; more are refused, but never the only transaction.
    pub queue_bytes: usize,
    /// The most bytes that are written and synced at once, but at least one transaction.
    pub batch_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            segment_bytes: 16 * MIB,
            first_segment_bytes: MIB,
            checkpoint_bytes: 64 * MIB,
            index_memory_bytes: 16 * MIB,
            index_cache_bytes: 8 * MIB,
            queue_transactions: 1 << 16,
            queue_bytes: 32 << 20,
            batch_bytes: 4 << 20,
        }
    }
}
