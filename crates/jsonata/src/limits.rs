//! How much one evaluation may do. Counted in work, bytes and depth, never in time.

/// What one evaluation may use. Who exceeds it gets an error whose code says which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Units of work: an operator, a call, a few items or some dozens of bytes looked at or moved, a
    /// few instructions of a regular expression. Exceeded: `U1002`.
    pub steps: u64,
    /// Memory that results take together, roughly. Of a large result that nobody holds any more it is
    /// given back; small ones still count. The real peak is below twice that: a text is there twice
    /// while it is made, and a list while it grows. Exceeded: `U1003`.
    pub bytes: usize,
    /// Evaluations inside each other: a function that calls itself takes three or four for each
    /// call, a tail call none. Exceeded: `U1001`.
    pub depth: u32,
    /// Items that the range operator may make at once. Exceeded: `D2014`.
    pub sequence: usize,
}

impl Default for Limits {
    /// Four million steps (some tenths of a second), 64 MiB, 5,000 evaluations inside each other,
    /// ten million items of a range.
    fn default() -> Limits {
        Limits {
            steps: 4_000_000,
            bytes: 64 * 1024 * 1024,
            depth: 5_000,
            sequence: 10_000_000,
        }
    }
}
