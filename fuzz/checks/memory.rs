//! Counts what the heap holds, so that a check can say how much more than that something took.
//!
//! The count is of the whole process: only one check may run at a time.

use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// What `run` gives, and the most bytes that were taken at one time during it.
pub fn peak_of<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let result = run();
    (result, HEAP.peak_usage().saturating_sub(before))
}
