//! What a task asks of this server itself waits for room. The work that asks was accepted long ago, and is not to fail
//! because strangers are many.
//!
//! Must never know what is asked.

use std::time::Duration;

use aws::ApiError;

/// The pauses between two tries: each is twice the one before, from the shortest to the longest.
const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(1);

/// Asks until the answer is not that there is no room, or nobody wants it any more.
pub(super) async fn until_admitted<T, F: Future<Output = Result<T, ApiError>>>(
    wanted: impl Fn() -> bool,
    mut ask: impl FnMut() -> F,
) -> Result<T, ApiError> {
    let mut pause = SHORTEST;
    loop {
        match ask().await {
            Err(error) if error.code == "ThrottlingException" && wanted() => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST);
                if !wanted() {
                    return Err(error);
                }
            }
            answer => return answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::api::states::errors;

    /// How often is asked of somebody who has room after so many times, while the answer is wanted so many times.
    async fn asked(refusals: usize, wanted: usize) -> (usize, bool) {
        let (asked, looked) = (Cell::new(0), Cell::new(0));
        let is_wanted = || {
            looked.set(looked.get() + 1);
            looked.get() <= wanted
        };
        let answer = until_admitted(is_wanted, || {
            asked.set(asked.get() + 1);
            let answer = match asked.get() > refusals {
                true => Ok(()),
                false => Err(errors::from_runtime(runtime::RuntimeError::Overloaded)),
            };
            async move { answer }
        });
        let is_answered = answer.await.is_ok();
        (asked.get(), is_answered)
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_has_no_room_is_asked_again_while_somebody_wants_it() {
        assert_eq!(asked(0, 0).await, (1, true));
        assert_eq!(asked(100, usize::MAX).await, (101, true));
        assert_eq!(asked(100, 0).await, (1, false));
        let (times, is_answered) = asked(100, 10).await;
        assert!(times < 10 && !is_answered);
    }

    #[tokio::test(start_paused = true)]
    async fn other_errors_are_answers() {
        let refused = || async { Err::<(), _>(errors::unknown_operation("X")) };
        assert!(until_admitted(|| true, refused).await.is_err());
    }
}
