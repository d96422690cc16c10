//! How many starts may be under way at a time: as many as are answered soon.
//!
//! A queue that is bounded by its length alone is a second long on one machine and a minute on another. This one is
//! bounded by time: when starts took longer than [`SOON`] lately, only as many may be under way as end in that time;
//! when they do not, twice as many, up to a fixed bound. Refusals are work as well: clients that ask again at once would
//! have the server do nothing else, so only so many are answered at once, and the rest a little later.
//! Must never know what a start does.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::Timestamp;

/// How long a start may take under load, in milliseconds.
const SOON: i64 = 500;
/// How often the bound is set anew, in milliseconds.
const WINDOW: i64 = 250;
/// Always allowed: clients that wait for their answers, in the numbers in which they come, are not refused.
const LEAST: usize = 256;
/// Never more.
const MOST: usize = 4_096;

/// A refusal is answered at once for so many starts that ended, ...
const ENDED_PER_REFUSAL: usize = 2;
/// ... for at most so many after a quiet time, ...
const REFUSALS: usize = 1_000;
/// ... and all others after this pause.
const PAUSE: Duration = Duration::from_secs(1);

/// See the module's documentation.
pub(crate) struct Admission(Mutex<State>);

struct State {
    under_way: usize,
    bound: usize,
    /// When the window began.
    since: i64,
    /// Starts that ended in the window.
    ended: usize,
    /// What they took together, in milliseconds.
    took: i64,
    /// What may be refused at once, in starts that have ended for it.
    credit: usize,
}

impl Default for Admission {
    fn default() -> Admission {
        Admission(Mutex::new(State {
            under_way: 0,
            bound: MOST,
            since: 0,
            ended: 0,
            took: 0,
            credit: REFUSALS * ENDED_PER_REFUSAL,
        }))
    }
}

impl Admission {
    /// Leave to start one; none while too many are under way.
    pub(crate) fn enter(&self, now: Timestamp) -> Option<Admitted<'_>> {
        let mut state = self.lock();
        if state.under_way >= state.bound {
            return None;
        }
        state.under_way += 1;
        Some(Admitted {
            admission: self,
            entered: now.0,
        })
    }

    /// Whether one more would be refused.
    pub(crate) fn is_full(&self) -> bool {
        let state = self.lock();
        state.under_way >= state.bound
    }

    /// How long a client waits that is to be refused.
    pub(crate) fn pause(&self) -> Duration {
        let mut state = self.lock();
        match state.credit.checked_sub(ENDED_PER_REFUSAL) {
            Some(credit) => {
                state.credit = credit;
                Duration::ZERO
            }
            None => PAUSE,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn ended(&mut self, entered: i64, now: i64) {
        self.ended += 1;
        self.credit = (self.credit + 1).min(REFUSALS * ENDED_PER_REFUSAL);
        self.took += (now - entered).max(0);
        let window = now - self.since;
        // A clock that was set back begins a new window, too.
        if !(0..WINDOW).contains(&window) {
            self.set_bound(window.max(WINDOW));
            (self.since, self.ended, self.took) = (now, 0, 0);
        }
    }

    fn set_bound(&mut self, window: i64) {
        let is_slow = self.took > SOON * self.ended as i64;
        self.bound = match is_slow {
            // At most what they were: a window that began long ago says little.
            true => (self.ended * SOON as usize / window as usize).clamp(LEAST, self.bound),
            false => (self.bound * 2).min(MOST),
        };
    }
}

/// A start that is under way; over when [`Admitted::end`] says so, or when it is dropped.
pub(crate) struct Admitted<'a> {
    admission: &'a Admission,
    entered: i64,
}

impl Admitted<'_> {
    /// It was answered.
    pub(crate) fn end(self, now: Timestamp) {
        self.admission.lock().ended(self.entered, now.0);
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        self.admission.lock().under_way -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many clients that ask again when they are answered, of a server that answers so many in a millisecond, for so
    /// long; how many are refused in the last second.
    fn refused(clients: usize, per_millisecond: usize, seconds: i64) -> usize {
        let admission = Admission::default();
        let (mut under_way, mut refused) = (std::collections::VecDeque::new(), 0);
        for now in 0..seconds * 1_000 {
            let now = Timestamp(1_000_000 + now);
            for _ in 0..per_millisecond.min(under_way.len()) {
                let admitted: Admitted<'_> = under_way.pop_front().expect("there is one");
                admitted.end(now);
            }
            for _ in under_way.len()..clients {
                match admission.enter(now) {
                    Some(admitted) => under_way.push_back(admitted),
                    None => refused += usize::from(now.0 > 1_000_000 + (seconds - 1) * 1_000),
                }
            }
        }
        refused
    }

    #[test]
    fn clients_that_wait_for_their_answers_are_not_refused() {
        assert_eq!(refused(256, 1, 5), 0);
        assert_eq!(refused(3_000, 10, 5), 0);
    }

    #[test]
    fn what_would_wait_for_long_is_refused() {
        assert!(refused(3_000, 1, 10) > 0);
        assert!(refused(6_000, 10, 10) > 0);
    }

    #[test]
    fn the_bound_is_what_ends_soon() {
        let admission = Admission::default();
        let mut under_way = std::collections::VecDeque::new();
        for now in 0..20_000 {
            while let Some(admitted) = admission.enter(Timestamp(now)) {
                under_way.push_back(admitted);
            }
            for _ in 0..2 {
                if let Some(admitted) = under_way.pop_front() {
                    admitted.end(Timestamp(now));
                }
            }
        }
        // Two in a millisecond: a thousand in half a second; it is tried again and again whether it is still so.
        assert!((500..=4_096).contains(&admission.lock().bound));
        assert!(under_way.len() <= MOST);
    }

    #[test]
    fn refusals_are_paced_by_what_is_done() {
        let admission = Admission::default();
        let at_once = |tries: usize| (0..tries).filter(|_| admission.pause().is_zero()).count();
        assert_eq!(at_once(5_000), REFUSALS);
        for _ in 0..100 {
            let admitted = admission.enter(Timestamp(0)).expect("there is room");
            admitted.end(Timestamp(1));
        }
        assert_eq!(at_once(5_000), 100 / ENDED_PER_REFUSAL);
    }

    #[test]
    fn a_clock_that_is_set_back_hurts_nobody() {
        let admission = Admission::default();
        for now in [5_000, 9_000, 100, 50, 8_000] {
            let admitted = admission.enter(Timestamp(now)).expect("there is room");
            admitted.end(Timestamp(now - 40));
        }
        assert!(!admission.is_full());
    }
}
