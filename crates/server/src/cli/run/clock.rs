//! The time of a run: the machine's clock, or one that is moved forward where there is nothing but waiting.

use std::time::Duration;

use engine::Timestamp;
use runtime::{Clock, SystemClock};

/// A clock that never stands still and can be ahead of the machine's.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunClock {
    /// Milliseconds.
    ahead: i64,
}

impl RunClock {
    /// What time it is.
    pub fn now(self) -> Timestamp {
        Timestamp(SystemClock.now().0.saturating_add(self.ahead))
    }

    /// Makes it `due`, unless it is later already.
    pub fn skip_to(&mut self, due: Timestamp) {
        let missing = due.0.saturating_sub(self.now().0).max(0);
        self.ahead = self.ahead.saturating_add(missing);
    }

    /// How long it is until `due`.
    pub fn until(self, due: Timestamp) -> Duration {
        let millis = due.0.saturating_sub(self.now().0).max(0);
        Duration::from_millis(millis.unsigned_abs())
    }
}
