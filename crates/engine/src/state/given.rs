//! Parallel and Map when a test says how they end: nothing inside them is begun.

use std::sync::Arc;

use asl::definition::State;
use expr::json::{Document, Value};

use crate::command::TaskOutcome;
use crate::event::{EventKind, Failure};
use crate::execution::{FrameId, MapItem, Phase};
use crate::failure::Fault;
use crate::probe::{Selecting, Stage};
use crate::state::state_type;
use crate::step::Run;

impl Run<'_> {
    /// How the branches or iterations end; none: they are begun.
    pub(crate) fn given_outcome(&self) -> Option<TaskOutcome> {
        self.probe.as_ref()?.given.outcome.clone()
    }

    /// A Map's items, where the definition reads them from elsewhere.
    pub(crate) fn given_items(&self) -> Option<Value> {
        let items = self.probe.as_ref()?.given.items.as_ref()?;
        Some(items.value().clone())
    }

    /// The Parallel or Map ends like this.
    pub(crate) fn children_ended(&mut self, frame: FrameId, outcome: TaskOutcome) {
        match outcome {
            TaskOutcome::Failed { error, cause } | TaskOutcome::SubmitFailed { error, cause } => {
                let failure = Failure::of(error.map(Into::into), cause.map(Into::into));
                self.fail(frame, failure);
            }
            TaskOutcome::Succeeded(result) | TaskOutcome::Submitted(result) => {
                let state = self.machine.state(self.execution.frame(frame).state);
                self.emit_on(frame, children_succeeded(state));
                self.complete(frame, &result);
            }
        }
    }

    /// The Map ends like this, unless more of its iterations failed than it tolerates.
    pub(crate) fn test_map(
        &mut self,
        frame: FrameId,
        state: &State,
        outcome: TaskOutcome,
    ) -> Result<(), Fault> {
        if state.flow.parameters.is_none() {
            return self.test_map_ended(frame, outcome);
        }
        let room = self.limits.payload_bytes;
        if let Some(probe) = &mut self.probe {
            probe.selecting = Some(Selecting {
                outcome,
                inputs: Vec::new(),
                room,
            });
            self.execution.ready.push_back(frame);
        }
        Ok(())
    }

    /// A turn of a Map whose items are still selected.
    pub(crate) fn go_on_selecting(&mut self, frame: FrameId) {
        let machine = self.machine;
        let state = machine.state(self.execution.frame(frame).state);
        let probe = self.probe.as_mut();
        let Some(selecting) = probe.and_then(|probe| probe.selecting.take()) else {
            return;
        };
        if let Err(fault) = self.select_some(frame, state, selecting) {
            self.fault_on_entry(frame, fault, None);
        }
    }

    /// As many as iterations start together; the Map ends after the last, or the last that fits.
    fn select_some(
        &mut self,
        frame: FrameId,
        state: &State,
        mut selecting: Selecting,
    ) -> Result<(), Fault> {
        let (begin, total) = (selecting.inputs.len() as u32, self.item_count(frame));
        let end = total.min(begin.saturating_add(self.limits.map_concurrency));
        for index in begin..end {
            let item = Arc::new(MapItem {
                index,
                value: self.item(frame, index),
            });
            let input = self.iteration_input(frame, state, &item)?;
            if !input.fits(selecting.room) {
                return self.test_map_ended(frame, selecting.outcome);
            }
            selecting.room -= input.text().len();
            selecting.inputs.push(input.value().clone());
        }
        if end == total {
            let inputs = Document::from_value(Value::array(selecting.inputs));
            self.reached(Stage::ItemSelector, &inputs);
            return self.test_map_ended(frame, selecting.outcome);
        }
        if let Some(probe) = &mut self.probe {
            probe.selecting = Some(selecting);
            self.execution.ready.push_back(frame);
            // The rest is for other steps, however little these have cost: whoever drives looks at the time in between.
            self.work = self.work.max(self.limits.step_work);
        }
        Ok(())
    }

    fn item_count(&self, frame: FrameId) -> u32 {
        match &self.execution.frame(frame).phase {
            Phase::Children(children) => children.total,
            _ => 0,
        }
    }

    fn test_map_ended(&mut self, frame: FrameId, outcome: TaskOutcome) -> Result<(), Fault> {
        let total = self.item_count(frame);
        if matches!(outcome, TaskOutcome::Succeeded(_)) && self.has_failed(total) {
            return Err(Fault::failure(
                "States.ExceedToleratedFailureThreshold",
                "The specified tolerated failure threshold was exceeded".to_owned(),
            ));
        }
        self.children_ended(frame, outcome);
        Ok(())
    }

    fn has_failed(&mut self, total: u32) -> bool {
        let Some(probe) = &mut self.probe else {
            return false;
        };
        probe.seen.items = Some(total);
        let failed = probe.given.failed_iterations;
        let numbers = probe.seen.numbers.unwrap_or_default();
        numbers.are_exceeded(failed, total)
    }
}

fn children_succeeded(state: &State) -> EventKind {
    match state_type(&state.kind) {
        crate::event::StateType::Map => EventKind::MapStateSucceeded,
        _ => EventKind::ParallelStateSucceeded,
    }
}
