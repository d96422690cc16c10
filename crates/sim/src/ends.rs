//! What is checked of an execution once everything has ended: its history, and what the reference makes of it.

use runtime::Status;

use crate::character::Figures;
use crate::clients::{Clients, Wanted};
use crate::history::History;
use crate::reference;
use crate::workflow::Workflow;

/// Checks one; `set_back` is by how many milliseconds the clock was ever set back.
pub(crate) fn check(
    clients: &Clients,
    wanted: &Wanted,
    workflow: &Workflow,
    set_back: i64,
) -> Figures {
    let Some((id, record)) = clients.find(wanted) else {
        clients.wrong(wanted, "it was never started");
        return Figures::default();
    };
    let events = clients.history(id, &record);
    let history = History {
        events: &events,
        definition: &serde_json::from_str(&workflow.definition).expect("it is JSON"),
        status: record.status,
        redrives: record.redrives.count,
        set_back,
    };
    let told = clients.outside.told(id);
    let checked = history
        .check(&told)
        .and_then(|()| reference::compare(&workflow.definition, &record, &events));
    if let Err(what) = checked {
        clients.wrong(wanted, &what);
        let trace = &clients.trace;
        events
            .iter()
            .for_each(|event| trace.say(format_args!("{event:?}")));
    }
    if record.status == Status::TimedOut && !workflow.has_deadline {
        clients.wrong(wanted, "it timed out without a timeout");
    }
    if record.failure.error.as_deref() == Some("States.Runtime") {
        clients.wrong(wanted, "its workflow is not what was meant");
    }
    Figures {
        executions: 1,
        events: events.len() as u64,
        redrives: u64::from(record.redrives.count),
        succeeded: u64::from(record.status == Status::Succeeded),
        ..Figures::default()
    }
}
