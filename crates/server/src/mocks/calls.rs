//! Which call of a state one is: the calls of a test's execution, by state, in the order in which they were scheduled.
//!
//! The number of a call is what the history says, so that a restart, or a call that is made again, changes nothing. What
//! has no history on disk (an Express execution) is counted here only.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::{EventKind, event::EventId};
use runtime::{ExecutionId, Namespace, RuntimeError, query};
use store::Store;

/// Executions whose calls are kept in memory; of others the history is read again.
const KEPT: usize = 4_096;
/// Events that are read at a time.
const PAGE: usize = 1_000;

/// The calls of one execution: of each state, the Scheduled events.
type ByState = HashMap<Arc<str>, BTreeSet<EventId>>;

/// Counts the calls of executions.
#[derive(Debug, Default)]
pub(super) struct Calls(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    executions: HashMap<ExecutionId, Counted>,
    /// Oldest first.
    order: VecDeque<ExecutionId>,
}

#[derive(Debug, Default)]
struct Counted {
    by_state: ByState,
    /// Whether the history has been looked at.
    is_complete: bool,
}

impl Calls {
    /// A call is made.
    pub(super) fn made(&self, execution: ExecutionId, state: &Arc<str>, scheduled: EventId) {
        let mut kept = self.lock();
        if !kept.executions.contains_key(&execution) {
            if kept.order.len() >= KEPT
                && let Some(oldest) = kept.order.pop_front()
            {
                kept.executions.remove(&oldest);
            }
            kept.order.push_back(execution);
        }
        let counted = kept.executions.entry(execution).or_default();
        let calls = counted.by_state.entry(state.clone()).or_default();
        calls.insert(scheduled);
    }

    /// The number of a call that was made, from 0. Reads the history the first time.
    pub(super) fn number(
        &self,
        store: &dyn Store,
        namespace: &Namespace,
        execution: ExecutionId,
        state: &Arc<str>,
        scheduled: EventId,
    ) -> Result<u32, RuntimeError> {
        self.made(execution, state, scheduled);
        let is_complete = {
            let kept = self.lock();
            let counted = kept.executions.get(&execution);
            counted.is_some_and(|counted| counted.is_complete)
        };
        let earlier = match is_complete {
            true => ByState::new(),
            false => scheduled_in_history(store, namespace, execution)?,
        };
        let mut kept = self.lock();
        let counted = kept.executions.entry(execution).or_default();
        for (state, calls) in earlier {
            counted.by_state.entry(state).or_default().extend(calls);
        }
        counted.is_complete = true;
        let calls = counted.by_state.get(state);
        let before = calls.map_or(0, |calls| calls.range(..scheduled).count());
        Ok(u32::try_from(before).unwrap_or(u32::MAX))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The calls in a history. The state of one is that of the last Entered event before it on its path.
fn scheduled_in_history(
    store: &dyn Store,
    namespace: &Namespace,
    execution: ExecutionId,
) -> Result<ByState, RuntimeError> {
    let mut found = ByState::new();
    let Some(record) = query::record(store, namespace, execution)? else {
        return Ok(found);
    };
    // The state that each event is in; events outside of states are in none.
    let mut states: Vec<Option<Arc<str>>> = vec![None];
    let mut from = Some(1);
    while let Some(next) = from {
        let page = query::events_from(store, namespace, execution, &record, next, PAGE)?;
        for event in &page.events {
            let before = usize::try_from(event.previous).unwrap_or(usize::MAX);
            let state = match &event.kind {
                EventKind::StateEntered { name, .. } => Some(name.clone()),
                _ => states.get(before).cloned().flatten(),
            };
            if is_call(&event.kind)
                && let Some(state) = &state
            {
                found.entry(state.clone()).or_default().insert(event.id);
            }
            states.push(state);
        }
        from = page.next;
    }
    Ok(found)
}

fn is_call(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::TaskScheduled { .. }
            | EventKind::LambdaFunctionScheduled { .. }
            | EventKind::ActivityScheduled { .. }
    )
}
