//! What an execution holds: the bytes of the documents in its frames, kept up to date by looking at the frames that a
//! step has changed.
//!
//! A document that a frame hands on to itself, or that all branches share, is counted once; others as often as they are
//! held. Variables are counted where they are assigned.

use expr::json::Document;

use crate::command::TaskOutcome;
use crate::event::Failure;
use crate::execution::{Execution, Frame, FrameId, Outcome, Phase, TaskStage, TaskWait};
use crate::step::Run;

/// The documents of a frame, or of what it does.
trait Holds {
    /// Appends them.
    fn documents<'a>(&'a self, held: &mut Vec<&'a Document>);
}

impl Holds for Frame {
    fn documents<'a>(&'a self, held: &mut Vec<&'a Document>) {
        held.push(&self.input);
        match &self.phase {
            Phase::Leaving { output, .. } | Phase::Done { output } => held.push(output),
            Phase::Task(wait) => wait.documents(held),
            Phase::Children(children) => {
                held.push(&children.effective);
                held.extend(&children.items);
            }
            _ => {}
        }
    }
}

impl Holds for TaskWait {
    fn documents<'a>(&'a self, held: &mut Vec<&'a Document>) {
        held.push(&self.input);
        match &self.stage {
            TaskStage::Job { submission } => held.push(submission),
            TaskStage::Submitting {
                answered: Some(answered),
            } => {
                if let TaskOutcome::Succeeded(output) = &**answered {
                    held.push(output);
                }
            }
            _ => {}
        }
    }
}

impl Execution {
    /// The bytes of the documents that its frames hold.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Weighs the frames that were changed since the last checkpoint.
    pub(crate) fn weigh_changed(&mut self) {
        let changed: Vec<FrameId> = self.changed.iter().copied().collect();
        self.weigh(changed);
    }

    pub(crate) fn weigh(&mut self, frames: Vec<FrameId>) {
        for id in frames {
            let weight = self.frames.get(&id).map(|frame| self.weight_of(frame));
            let before = match weight {
                Some(weight) => self.weights.insert(id, weight),
                None => self.weights.remove(&id),
            };
            self.held_bytes = self.held_bytes + weight.unwrap_or(0) - before.unwrap_or(0);
        }
    }

    fn weight_of(&self, frame: &Frame) -> usize {
        let parent = frame
            .parent
            .and_then(|parent| self.frames.get(&parent.frame));
        let given = parent.and_then(|parent| match &parent.phase {
            Phase::Children(children) => Some(&children.effective),
            _ => None,
        });
        let mut held = Vec::with_capacity(4);
        frame.documents(&mut held);
        let is_counted = |position: usize| {
            let (before, document) = (&held[..position], held[position]);
            let is_known = |known: &&Document| known.same(document);
            before.iter().any(is_known) || given.iter().any(is_known)
        };
        (0..held.len())
            .filter(|position| !is_counted(*position))
            .map(|position| held[position].text().len())
            .sum()
    }
}

impl Run<'_> {
    /// An execution that holds too much fails with it: a bound of this server, not of AWS.
    pub(crate) fn check_held(&mut self) {
        self.execution.weigh_changed();
        let held = self.execution.held_bytes + self.execution.variable_bytes;
        if self.execution.is_closed() || held <= self.limits.held_bytes {
            return;
        }
        let cause = format!(
            "The execution holds {held} bytes of data in its states and variables, more than the maximum of {}.",
            self.limits.held_bytes
        );
        let failure = Failure::new("States.DataLimitExceeded", cause);
        self.end(Outcome::Failed(failure), self.execution.last_event);
    }
}
