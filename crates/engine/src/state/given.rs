//! Parallel and Map when a test says how they end: nothing inside them is begun.

use std::sync::Arc;

use asl::definition::State;
use expr::json::{Document, Value};

use crate::command::TaskOutcome;
use crate::event::{EventKind, Failure};
use crate::execution::{FrameId, MapItem, Phase};
use crate::failure::Fault;
use crate::probe::Stage;
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
        let total = self.select_items(frame, state)?;
        let failed = matches!(outcome, TaskOutcome::Succeeded(_)) && self.has_failed(total);
        if failed {
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

    /// The inputs of the iterations, as long as they fit; how many there are.
    fn select_items(&mut self, frame: FrameId, state: &State) -> Result<u32, Fault> {
        let Phase::Children(children) = &self.execution.frame(frame).phase else {
            return Ok(0);
        };
        let total = children.total;
        if state.flow.parameters.is_none() {
            return Ok(total);
        }
        let mut room = self.limits.payload_bytes;
        let mut inputs = Vec::new();
        for index in 0..total {
            let item = Arc::new(MapItem {
                index,
                value: self.item(frame, index),
            });
            let input = self.iteration_input(frame, state, &item)?;
            if !input.fits(room) {
                return Ok(total);
            }
            room -= input.text().len();
            inputs.push(input.value().clone());
        }
        let inputs = Document::from_value(Value::array(inputs));
        self.reached(Stage::ItemSelector, &inputs);
        Ok(total)
    }
}

fn children_succeeded(state: &State) -> EventKind {
    match state_type(&state.kind) {
        crate::event::StateType::Map => EventKind::MapStateSucceeded,
        _ => EventKind::ParallelStateSucceeded,
    }
}
