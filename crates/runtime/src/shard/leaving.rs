//! Which executions have ended while something of them is on its way to the disk. What the store has of them is not what
//! they left, so a redrive of one waits.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use crate::id::ExecutionId;

/// In the order of their ends, which is the order in which they become durable; as many as commits may wait.
#[derive(Default)]
pub(super) struct Leaving(VecDeque<(ExecutionId, Weak<()>)>);

impl Leaving {
    /// It has ended; `hold` is what its commits keep until they are durable.
    pub(super) fn add(&mut self, id: ExecutionId, hold: &Arc<()>) {
        while self.0.front().is_some_and(|(_, hold)| is_settled(hold)) {
            self.0.pop_front();
        }
        self.0.push_back((id, Arc::downgrade(hold)));
    }

    /// Whether something of it is on its way.
    pub(super) fn has(&self, id: ExecutionId) -> bool {
        let mut all = self.0.iter();
        all.any(|(known, hold)| *known == id && !is_settled(hold))
    }
}

fn is_settled(hold: &Weak<()>) -> bool {
    hold.strong_count() == 0
}
