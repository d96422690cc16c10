//! The eight state types, one file each, and what history and context must know about them.

mod children;
mod choice;
mod fail;
mod given;
mod map;
mod map_run;
mod numbers;
mod parallel;
mod pass;
mod task;
mod task_events;
mod task_progress;
mod wait;

use asl::definition::Kind;

use crate::event::StateType;

/// The type as event names spell it.
pub(crate) fn state_type(kind: &Kind) -> StateType {
    match kind {
        Kind::Pass { .. } => StateType::Pass,
        Kind::Task(_) => StateType::Task,
        Kind::Choice(_) => StateType::Choice,
        Kind::Wait(_) => StateType::Wait,
        Kind::Succeed => StateType::Succeed,
        Kind::Fail(_) => StateType::Fail,
        Kind::Parallel { .. } => StateType::Parallel,
        Kind::Map(_) => StateType::Map,
    }
}

/// Whether the context object of such a state has a `RetryCount` ([rec] asl.md section 4).
pub(crate) fn counts_retries(kind: &Kind) -> bool {
    matches!(kind, Kind::Task(_) | Kind::Parallel { .. } | Kind::Map(_))
}
