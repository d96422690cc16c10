//! The internal id of an execution: 128 bits, ordered by time, and it says which shard owns the execution.

use engine::Timestamp;
use expr::Entropy;

/// 48 bits of milliseconds, 16 bits of shard, 64 random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExecutionId(pub u128);

impl ExecutionId {
    /// A new id for an execution that starts now on this shard.
    pub fn new(now: Timestamp, shard: u16, entropy: &mut dyn Entropy) -> ExecutionId {
        let millis = (now.0.max(0) as u128) & 0xffff_ffff_ffff;
        ExecutionId(millis << 80 | u128::from(shard) << 64 | u128::from(entropy.next_u64()))
    }

    /// Not greater than the id of any execution that starts at this time or later.
    pub fn first_of(at: Timestamp) -> ExecutionId {
        let millis = (at.0.max(0) as u128) & 0xffff_ffff_ffff;
        ExecutionId(millis << 80)
    }

    /// When the execution was started.
    pub fn started(self) -> Timestamp {
        Timestamp((self.0 >> 80) as i64)
    }

    /// The shard that was drawn for it; taken modulo the number of shards there are.
    pub fn shard(self) -> u16 {
        (self.0 >> 64) as u16
    }
}
