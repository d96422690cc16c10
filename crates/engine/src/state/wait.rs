//! Wait: how long, and the texts of a time that cannot be used (spec asl.md section 6, recorded base.wait cases).

use asl::definition::{State, Wait};
use expr::json::{Kind, Value};
use expr::path::Path;

use crate::context::Scope;
use crate::enter::WayOut;
use crate::execution::{FrameId, Phase};
use crate::failure::Fault;
use crate::flow::View;
use crate::query::Place;
use crate::state::numbers::written_integer;
use crate::step::Run;
use crate::time::Timestamp;

/// 24,855 days and what fits into the last one: a wait of 2^31 seconds or more is refused ([rec]).
const LONGEST_MILLIS: i64 = (1 << 31) * 1000;

impl Run<'_> {
    pub(crate) fn wait(&mut self, frame: FrameId, state: &State, wait: &Wait) -> Result<(), Fault> {
        let due = self.due(frame, state, wait)?;
        if due.0.saturating_sub(self.clock.0) >= LONGEST_MILLIS {
            return Err(Fault::runtime("Wait state delay is too long."));
        }
        if due <= self.clock {
            return self.waited(frame, state);
        }
        let timer = self.set_timer(due);
        self.execution.frame_mut(frame).phase = Phase::Waiting { timer };
        Ok(())
    }

    /// The timer fired.
    pub(crate) fn wait_over(&mut self, frame: FrameId) {
        let machine = self.machine;
        let state = machine.state(self.execution.frame(frame).state);
        if let Err(fault) = self.waited(frame, state) {
            self.fault(frame, fault);
        }
    }

    fn waited(&mut self, frame: FrameId, state: &State) -> Result<(), Fault> {
        let effective = self.effective_input(frame, state)?;
        self.leave_by(frame, state, WayOut::of(state, &effective))
    }

    fn due(&mut self, frame: FrameId, state: &State, wait: &Wait) -> Result<Timestamp, Fault> {
        let effective = self.effective_input(frame, state)?;
        let facts = self.execution.facts.clone();
        let context = self.context_of(&facts, frame, state);
        let now = self.clock;
        let mut tools = self.tools();
        let mut view = View::before(&effective, &context, &mut tools);
        match wait {
            Wait::SecondsQuery(query) => {
                let bounds = 0..=99_999_999;
                let place = Place::Field("Seconds");
                let seconds = view.queries().integer(query, bounds, place)?;
                Ok(now.plus_seconds(seconds.unsigned_abs()))
            }
            Wait::TimestampQuery(query) => {
                let place = Place::Field("Timestamp");
                let value = view
                    .queries()
                    .expression_of_kind(query, Kind::String, place)?;
                value.as_str().and_then(parse).ok_or_else(|| {
                    let detail = format!(
                        "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: {}",
                        shown(&value)
                    );
                    Fault::query_result(place, detail)
                })
            }
            _ => due(wait, &context.over(&effective), now),
        }
    }
}

fn due(wait: &Wait, scope: &Scope<'_>, now: Timestamp) -> Result<Timestamp, Fault> {
    match wait {
        Wait::SecondsQuery(_) | Wait::TimestampQuery(_) => Ok(now),
        Wait::Seconds(seconds) => Ok(now.plus_seconds(*seconds)),
        Wait::SecondsPath(path) => Ok(now.plus_seconds(seconds_at(path, scope)?)),
        Wait::Timestamp(text) => parse(text).ok_or_else(|| {
            Fault::runtime(format!(
                "The Timestamp parameter cannot be parsed as an ISO-8601 extended offset date-time format string: {text}"
            ))
        }),
        Wait::TimestampPath(path) => timestamp_at(path, scope),
    }
}

fn seconds_at(path: &Path, scope: &Scope<'_>) -> Result<u64, Fault> {
    let source = path.source();
    let value = path.eval(scope).map_err(|_| {
        Fault::runtime(format!(
            "The SecondsPath parameter does not reference an input value: {source}"
        ))
    })?;
    let Some(seconds) = written_integer(&value) else {
        return Err(Fault::runtime(format!(
            "The SecondsPath parameter cannot be parsed as a long value: {source} == {}",
            shown(&value)
        )));
    };
    u64::try_from(seconds).map_err(|_| {
        Fault::runtime(format!(
            "The SecondsPath parameter references a negative value: {source} == {seconds}"
        ))
    })
}

fn timestamp_at(path: &Path, scope: &Scope<'_>) -> Result<Timestamp, Fault> {
    let source = path.source();
    let value = path.eval(scope).map_err(|_| {
        Fault::runtime(format!(
            "The TimestampPath parameter does not reference an input value: {source}"
        ))
    })?;
    value.as_str().and_then(parse).ok_or_else(|| {
        Fault::runtime(format!(
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format \
             string: {source} == {}",
            shown(&value)
        ))
    })
}

fn parse(text: &str) -> Option<Timestamp> {
    asl::timestamp::parse(text).map(|instant| Timestamp(instant.as_millisecond()))
}

/// A value in a message: strings bare, the rest as JSON.
pub(crate) fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_text(), str::to_owned)
}
