//! Workflow variables: what a scope holds, what a state assigns, and how much that may be (spec asl.md section 5,
//! quotas.md).
//!
//! Every frame is a scope. It sees its own variables and those of the frames above it, which stand still while it runs;
//! with the frame its variables are gone.

use std::collections::BTreeMap;
use std::sync::Arc;

use asl::definition::Payload;
use expr::json::{Document, Value};

use crate::execution::{Execution, Frame, FrameId, Phase};
use crate::failure::Fault;
use crate::flow::{self, View};
use crate::step::Run;

/// The variables of one scope.
pub type Variables = BTreeMap<Arc<str>, Document>;

/// What one `Assign` gives, in its order.
pub type Assignments = Arc<[(Arc<str>, Document)]>;

/// How many bytes and variables a frame holds, with those that it is about to assign.
pub(crate) fn held(frame: &Frame) -> (usize, usize) {
    let own: usize = frame.variables.values().map(|v| v.text().len()).sum();
    match &frame.phase {
        Phase::Leaving {
            assigned: Some(assigned),
            ..
        } => (
            own + sizes(assigned),
            frame.variables.len() + assigned.len(),
        ),
        _ => (own, frame.variables.len()),
    }
}

fn sizes(assignments: &Assignments) -> usize {
    assignments
        .iter()
        .map(|(_, value)| value.text().len())
        .sum()
}

impl Execution {
    /// The variables that a frame sees, its own first; scopes without any are left out.
    pub(crate) fn variables_seen_by(&self, frame: FrameId) -> Vec<Arc<Variables>> {
        let mut seen = Vec::new();
        let mut next = Some(frame);
        while let Some(id) = next {
            let frame = self.frame(id);
            if !frame.variables.is_empty() {
                seen.push(frame.variables.clone());
            }
            next = frame.parent.map(|parent| parent.frame);
        }
        seen
    }
}

/// `Assign`: all values see the variables as they were when the state was entered. Nothing assigned: none.
pub(crate) fn assigned(
    assign: Option<&Payload>,
    field: &str,
    view: &mut View<'_, '_>,
) -> Result<Option<Assignments>, Fault> {
    let Some(assign) = assign else {
        return Ok(None);
    };
    let values = flow::payload(assign, field, view)?;
    let Value::Object(members) = values.value() else {
        return Ok(None);
    };
    let assignments: Assignments = members
        .iter()
        .map(|(name, value)| (name.clone(), Document::from_value(value.clone())))
        .collect();
    Ok((!assignments.is_empty()).then_some(assignments))
}

impl Run<'_> {
    /// Whether the assignments fit: one by one, together, and with all others of the execution. A name of a scope
    /// further out cannot be assigned.
    pub(crate) fn check_assignments(
        &self,
        frame: FrameId,
        assignments: &Assignments,
    ) -> Result<(), Fault> {
        let most = self.limits.payload_bytes;
        let own = &self.execution.frame(frame).variables;
        let (mut left, mut replaced) = (most, 0);
        for (name, document) in assignments.iter() {
            if !document.fits(left) {
                return Err(self.variables_too_large(frame));
            }
            left = left.saturating_sub(document.text().len());
            replaced += own.get(name).map_or(0, |before| before.text().len());
            self.check_scope(frame, name)?;
        }
        let total = self.execution.variable_bytes - replaced + (most - left);
        let count = self.execution.variable_count + assignments.len();
        if total > self.limits.variable_bytes || count > self.limits.variables {
            return Err(self.variables_too_large(frame));
        }
        Ok(())
    }

    fn variables_too_large(&self, frame: FrameId) -> Fault {
        let state = &self.machine.state(self.execution.frame(frame).state).name;
        let cause = format!(
            "The state/task '{state}' assigned variables with a size exceeding the maximum number of bytes service limit."
        );
        Fault::failure("States.DataLimitExceeded", cause)
    }

    fn check_scope(&self, frame: FrameId, name: &str) -> Result<(), Fault> {
        let mut outer = self.execution.frame(frame).parent;
        while let Some(parent) = outer {
            let frame = self.execution.frame(parent.frame);
            if frame.variables.contains_key(name) {
                return Err(Fault::runtime(format!(
                    "Cannot assign to variable '${name}': a variable with this name exists in an outer scope."
                )));
            }
            outer = frame.parent;
        }
        Ok(())
    }

    /// The assignments are counted from the moment on that they were checked.
    pub(crate) fn reserve(&mut self, assignments: &Assignments) {
        self.execution.variable_bytes += sizes(assignments);
        self.execution.variable_count += assignments.len();
    }

    /// The assignments take effect: the state is left.
    pub(crate) fn assign(&mut self, frame: FrameId, assignments: &Assignments) {
        let variables = Arc::make_mut(&mut self.execution.frame_mut(frame).variables);
        let (mut bytes, mut count) = (0, 0);
        for (name, document) in assignments.iter() {
            if let Some(before) = variables.insert(name.clone(), document.clone()) {
                bytes += before.text().len();
                count += 1;
            }
        }
        self.execution.variable_bytes -= bytes;
        self.execution.variable_count -= count;
        let names = assignments.iter().map(|(name, _)| (frame, name.clone()));
        self.execution.changed_variables.extend(names);
    }
}
