//! Where a Retry is decided: which retrier takes an error, whether it has attempts left, how long it waits.

use asl::definition::Retrier;
use expr::Entropy;

use crate::event::Failure;
use crate::execution::FrameId;
use crate::probe::Retried;
use crate::step::Run;

impl Run<'_> {
    /// The delay before the next attempt in milliseconds, with the attempt counted; none: no retry.
    ///
    /// The first retrier that matches decides; when it is used up, the error goes on to Catch, not to the next
    /// retrier. Every retrier counts for itself.
    pub(crate) fn retry_delay(
        &mut self,
        frame: FrameId,
        failure: &Failure,
        alias: Option<&str>,
    ) -> Option<u64> {
        let machine = self.machine;
        let retriers = &machine.state(self.execution.frame(frame).state).retry;
        let position = retriers
            .iter()
            .position(|retrier| failure.is_taken_by(&retrier.errors, alias))?;
        let attempts = &mut self.execution.frame_mut(frame).attempts;
        attempts.resize(retriers.len(), 0);
        if let Some(probe) = &self.probe {
            attempts[position] = probe.given.retries;
        }
        let used = attempts[position];
        let has_one_left = u64::from(used) < retriers[position].max_attempts;
        if has_one_left {
            attempts[position] += 1;
        }
        let delay_millis = has_one_left.then(|| delay(&retriers[position], used, self.entropy));
        if let Some(probe) = &mut self.probe {
            probe.seen.retried = Some(Retried {
                index: position,
                delay_millis,
            });
        }
        delay_millis
    }
}

/// `IntervalSeconds * BackoffRate^used`, capped by `MaxDelaySeconds`, then spread by `JitterStrategy`.
fn delay(retrier: &Retrier, used: u32, entropy: &mut dyn Entropy) -> u64 {
    const LONGEST_MILLIS: f64 = 99_999_999.0 * 1000.0;
    if retrier.interval_seconds == 0 {
        return 0;
    }
    let growth = retrier
        .backoff_rate
        .powi(i32::try_from(used).unwrap_or(i32::MAX));
    let cap = retrier
        .max_delay_seconds
        .map_or(LONGEST_MILLIS, |seconds| seconds as f64 * 1000.0);
    let millis = (retrier.interval_seconds as f64 * 1000.0 * growth).min(cap) as u64;
    match retrier.full_jitter {
        false => millis,
        true => entropy.next_u64() % (millis + 1),
    }
}
