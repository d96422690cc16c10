//! What an execution is doing: the states that are open, and how they are getting on, as one line.

use std::collections::BTreeMap;

use console::style;

use super::history::Event;

/// The states that are open, kept up to date event by event.
#[derive(Clone, Debug, Default)]
pub struct Doing {
    open: BTreeMap<String, Open>,
}

impl Doing {
    /// Takes the next event.
    pub fn follow(&mut self, event: &Event) {
        let Some(state) = event.state.as_deref() else {
            return;
        };
        if !self.open.contains_key(state) {
            self.open.insert(state.to_owned(), Open::default());
        }
        if let Some(open) = self.open.get_mut(state) {
            open.follow(event);
        }
    }

    /// One line; empty when no state is open.
    pub fn line(&self) -> String {
        let shown = self.open.iter().filter(|(_, state)| state.is_shown());
        let mut open: Vec<(&String, &Open)> = shown.collect();
        open.sort_by_key(|(_, state)| state.entered_as);
        let texts: Vec<String> = open.iter().map(|(name, state)| state.text(name)).collect();
        texts.join(" + ")
    }
}

/// A state that may be open (several times, within a Map).
#[derive(Clone, Debug, Default)]
struct Open {
    entered_as: u64,
    times: u64,
    is_parallel: bool,
    items: Option<u64>,
    items_done: u64,
    attempt: u32,
    failure: Option<String>,
}

impl Open {
    fn follow(&mut self, event: &Event) {
        match event.kind.as_str() {
            _ if event.is_entry() => {
                let times = self.times + 1;
                let is_parallel = event.kind.starts_with("Parallel");
                *self = Open {
                    entered_as: event.id,
                    times,
                    is_parallel,
                    ..Open::default()
                };
            }
            kind if kind.ends_with("StateExited") => self.times = self.times.saturating_sub(1),
            "TaskScheduled" | "LambdaFunctionScheduled" => {
                (self.attempt, self.failure) = (event.attempt, None)
            }
            "TaskFailed" | "LambdaFunctionFailed" => {
                self.failure = Some(event.detail("error").to_owned())
            }
            "MapStateStarted" => self.items = event.details["length"].as_u64(),
            "MapIterationSucceeded" => self.items_done += 1,
            _ => {}
        }
    }

    /// Parallel states show through the states of their branches.
    fn is_shown(&self) -> bool {
        self.times > 0 && !self.is_parallel
    }

    fn text(&self, name: &str) -> String {
        match (&self.failure, self.items) {
            (Some(error), _) => {
                let failed = style(format!(
                    "attempt {} failed ({error}), to be tried again",
                    self.attempt
                ))
                .yellow();
                format!("{name}: {failed}")
            }
            (None, Some(items)) => format!("{name} {}/{items}", self.items_done),
            (None, None) if self.attempt > 1 => format!("{name}, attempt {}", self.attempt),
            (None, None) => name.to_owned(),
        }
    }
}
