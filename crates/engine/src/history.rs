//! Where an event gets its id, where a timer is set and cleared, and how an execution ends.

use expr::json::Document;

use crate::command::{Command, TimerId};
use crate::event::{Event, EventId, EventKind, Failure};
use crate::execution::{FrameId, Outcome, Phase, Timer};
use crate::map_run::MapRunId;
use crate::redrive::remains;
use crate::step::Run;
use crate::time::Timestamp;

impl Run<'_> {
    /// Appends an event after `previous` and returns its id.
    ///
    /// The event that would take the last id of the history is replaced by the execution's failure, as on AWS
    /// (spec quotas.md, [meas]); whatever the step still appends after that is dropped.
    pub(crate) fn emit(&mut self, previous: EventId, kind: EventKind) -> EventId {
        if self.execution.outcome.is_some() {
            return self.execution.last_event;
        }
        if self.execution.last_event + 1 >= self.limits.history_events && !closes(&kind) {
            let cause = format!(
                "The execution reached the maximum number of history events ({}).",
                self.limits.history_events
            );
            self.end(
                Outcome::Failed(Failure::new("States.Runtime", cause)),
                previous,
            );
            return self.execution.last_event;
        }
        self.append(previous, kind)
    }

    /// Appends an event to a frame's path: after the frame's last event, and being its last event from now on.
    pub(crate) fn emit_on(&mut self, frame: FrameId, kind: EventKind) -> EventId {
        let previous = self.execution.frame(frame).previous;
        let id = self.emit(previous, kind);
        self.execution.frame_mut(frame).previous = id;
        id
    }

    fn append(&mut self, previous: EventId, kind: EventKind) -> EventId {
        self.count(&kind);
        self.execution.last_event += 1;
        let id = self.execution.last_event;
        self.events.push(Event {
            id,
            previous,
            timestamp: self.execution.now,
            kind,
        });
        id
    }

    fn count(&mut self, kind: &EventKind) {
        if let Some(document) = kind.document() {
            self.count_document(document);
        }
        if let EventKind::StateExited {
            assigned: Some(assigned),
            ..
        } = kind
        {
            assigned
                .iter()
                .for_each(|(_, value)| self.count_document(value));
        }
    }

    /// Counts the bytes of a document that an event or a frame's row keeps, unless it is the one counted last: handed
    /// on, it is stored once.
    pub(crate) fn count_document(&mut self, document: &Document) {
        if document.id() != self.last_document {
            self.last_document = document.id();
            self.bytes += document.text().len();
        }
    }

    /// Ends the execution: its last event. What it leaves behind is cleared when the step is over.
    pub(crate) fn end(&mut self, outcome: Outcome, previous: EventId) {
        if self.execution.outcome.is_some() {
            return;
        }
        self.append(previous, closing_event(&outcome));
        self.execution.outcome = Some(outcome);
    }

    /// Clears what an execution that ended leaves behind: no task, no timer, no frame. Commands of the same step
    /// that would begin something are dropped.
    pub(crate) fn clear_if_ended(&mut self) {
        if self.execution.outcome.is_none() {
            return;
        }
        let ends = |command: &Command| {
            matches!(
                command,
                Command::CancelTask { .. }
                    | Command::WithdrawTask(_)
                    | Command::ClearTimer { .. }
                    // Its Started event stands in the history, so there must be something to describe.
                    | Command::StartMapRun { .. }
                    | Command::AbortMapRun { .. }
            )
        };
        self.commands.retain(ends);
        let runs: Vec<_> = self
            .execution
            .map_runs()
            .map(|(run, wait)| Command::AbortMapRun {
                run,
                uuid: wait.uuid.clone(),
            })
            .collect();
        self.commands.extend(runs);
        let tasks: Vec<_> = self
            .execution
            .frames
            .iter()
            .filter_map(|(id, frame)| self.abandoned(*id, frame))
            .collect();
        let timers = self.execution.timers().map(|t| Command::ClearTimer {
            timer: t.id,
            due: t.due,
        });
        self.commands.extend(timers);
        self.commands.extend(tasks);
        let mut left = std::mem::take(&mut self.fallen);
        let frames: Vec<FrameId> = self.execution.frames.keys().copied().collect();
        for id in frames {
            left.extend(self.execution.remove_frame(id).map(|frame| (id, frame)));
        }
        if !matches!(self.execution.outcome, Some(Outcome::Succeeded { .. })) {
            self.execution.remains = remains(left);
        }
        self.execution.deadline = None;
        self.execution.ready.clear();
    }

    /// Sets a timer.
    pub(crate) fn set_timer(&mut self, due: Timestamp) -> Timer {
        let timer = self.execution.new_timer(due);
        self.commands.push(Command::SetTimer {
            timer: timer.id,
            due,
        });
        timer
    }

    /// Sets a timer, so many seconds from now.
    pub(crate) fn set_timer_in(&mut self, seconds: u64) -> Timer {
        self.set_timer(self.clock.plus_seconds(seconds))
    }

    /// Clears the frame's timers, except the one that just fired.
    pub(crate) fn clear_timers(&mut self, frame: FrameId, fired: Option<TimerId>) {
        for Timer { id, due } in self
            .execution
            .frame(frame)
            .timers()
            .filter(|t| Some(t.id) != fired)
        {
            self.commands.push(Command::ClearTimer { timer: id, due });
        }
    }

    /// Removes a frame and everything below it, with its task and timers.
    pub(crate) fn remove_tree(&mut self, frame: FrameId) {
        self.clear_timers(frame, None);
        let Some(removed) = self.execution.remove_frame(frame) else {
            return;
        };
        self.commands.extend(self.abandoned(frame, &removed));
        if let Phase::MapRun(wait) = &removed.phase {
            let run = MapRunId {
                frame,
                started: wait.started,
            };
            let uuid = wait.uuid.clone();
            self.commands.push(Command::AbortMapRun { run, uuid });
        }
        if let Phase::Children(children) = &removed.phase {
            for child in &children.frames {
                self.remove_tree(*child);
            }
        }
        self.fallen.insert(frame, removed);
    }
}

fn closes(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::ExecutionSucceeded { .. }
            | EventKind::ExecutionFailed(_)
            | EventKind::ExecutionAborted(_)
            | EventKind::ExecutionTimedOut(_)
    )
}

fn closing_event(outcome: &Outcome) -> EventKind {
    match outcome {
        Outcome::Succeeded { output } => EventKind::ExecutionSucceeded {
            output: output.clone(),
        },
        Outcome::Failed(failure) => EventKind::ExecutionFailed(failure.clone()),
        Outcome::Aborted(failure) => EventKind::ExecutionAborted(failure.clone()),
        Outcome::TimedOut => EventKind::ExecutionTimedOut(Failure::named("States.Timeout")),
    }
}
