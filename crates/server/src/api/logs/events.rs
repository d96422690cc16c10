//! Events: put, get from a stream, filter over a group.

use aws::ApiError;
use serde::Deserialize;
use serde_json::{Value, json};

use super::pattern::Pattern;
use super::{Answer, LogsApi, errors, model, place};
use crate::front::Request;
use crate::logs::{Direction, LogEvent, Place, Search, StoredEvent, Window};

/// Of one PutLogEvents: events, their bytes, and what counts for each besides its message.
const MOST_EVENTS: usize = 10_000;
const MOST_BYTES: usize = 1_048_576;
const EVENT_BYTES: usize = 26;
const HOUR_MILLIS: i64 = 3_600_000;
/// How far from now an event may be.
const FUTURE_MILLIS: i64 = 2 * HOUR_MILLIS;
const PAST_MILLIS: i64 = 14 * 24 * HOUR_MILLIS;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PutLogEvents {
    log_group_name: Option<String>,
    log_stream_name: Option<String>,
    log_events: Option<Vec<InputLogEvent>>,
}

#[derive(Deserialize)]
struct InputLogEvent {
    timestamp: Option<i64>,
    message: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GetLogEvents {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
    limit: Option<i64>,
    start_from_head: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FilterLogEvents {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
}

impl LogsApi {
    pub(super) async fn put_events(&self, request: &Request) -> Answer {
        let given: PutLogEvents = model::read(request)?;
        let (group, stream) = (
            given.log_group_name.as_deref(),
            given.log_stream_name.as_deref(),
        );
        let count = given.log_events.as_ref().map(Vec::len);
        model::check(|violations| {
            model::group_name(violations, group);
            model::stream_name(violations, stream);
            match count {
                None => violations.required::<()>("logEvents", None),
                Some(count) => violations.count("logEvents", "[]", count, 1, MOST_EVENTS),
            }
        })?;
        let events = read_events(given.log_events.unwrap_or_default())?;
        let (taken, rejected) = sort_out(events, self.logs.now_millis());
        let place = place(request, group.unwrap_or_default());
        self.logs
            .put(&place, stream.unwrap_or_default(), &taken)
            .await
            .map_err(errors::of_stream)?;
        // Nobody needs it any more; old clients miss it.
        let mut answer = json!({ "nextSequenceToken": "0" });
        if let Some(rejected) = rejected {
            answer["rejectedLogEventsInfo"] = rejected;
        }
        Ok(Some(answer))
    }

    pub(super) fn get_events(&self, request: &Request) -> Answer {
        let given: GetLogEvents = model::read(request)?;
        let stream = given.log_stream_name.as_deref();
        model::check(|violations| {
            model::stream_name(violations, stream);
            model::limit(violations, given.limit, 10_000);
        })?;
        let (name, identifier) = (&given.log_group_name, &given.log_group_identifier);
        let group = self.named(request, name.as_deref(), identifier.as_deref())?;
        let (direction, from) = match &given.next_token {
            Some(token) => read_token(token)?,
            None if given.start_from_head == Some(true) => (Direction::Forward, Place::START),
            None => (Direction::Backward, Place::END),
        };
        let window = window(given.start_time, given.end_time);
        let limit = model::page(given.limit, 10_000);
        let page = self
            .logs
            .read(
                &group,
                stream.unwrap_or_default(),
                window,
                from,
                direction,
                limit,
            )
            .map_err(errors::of_stream)?;
        // At the end of a stream a client gets its own token back.
        let end = match (page.events.is_empty(), direction) {
            (true, Direction::Backward) if from == Place::END => Place::START,
            _ => page.end,
        };
        let events: Vec<Value> = page.events.iter().map(show).collect();
        Ok(Some(json!({
            "events": events,
            "nextForwardToken": format!("f/{}", write_place(end)),
            "nextBackwardToken": format!("b/{}", write_place(page.begin)),
        })))
    }

    pub(super) fn filter_events(&self, request: &Request) -> Answer {
        let given: FilterLogEvents = model::read(request)?;
        model::check(|violations| {
            model::limit(violations, given.limit, 10_000);
            if let Some(names) = &given.log_stream_names {
                violations.count("logStreamNames", "[]", names.len(), 1, 100);
            }
        })?;
        let (names, prefix) = (given.log_stream_names, given.log_stream_name_prefix);
        if names.is_some() && prefix.is_some() {
            return Err(errors::invalid(
                "logStreamNames and logStreamNamePrefix cannot both be specified.",
            ));
        }
        let (name, identifier) = (&given.log_group_name, &given.log_group_identifier);
        let group = self.named(request, name.as_deref(), identifier.as_deref())?;
        let pattern = Pattern::read(given.filter_pattern.as_deref().unwrap_or_default())?;
        let from = match &given.next_token {
            Some(token) => read_place(token).ok_or_else(invalid_token)?,
            None => Place::START,
        };
        let prefix = prefix.unwrap_or_default();
        let is_wanted_stream = |stream: &str| match &names {
            Some(names) => names.iter().any(|name| name == stream),
            None => stream.starts_with(&prefix),
        };
        let search = Search {
            window: window(given.start_time, given.end_time),
            streams: &is_wanted_stream,
            messages: &|message| pattern.matches(message),
            limit: model::page(given.limit, 10_000),
        };
        let found = self.logs.search(&group, &search, from);
        let (mut events, next) = found.map_err(errors::of_stream)?;
        events.sort_by_key(|event| event.timestamp);
        let events: Vec<Value> = events.iter().map(show_found).collect();
        let mut answer = json!({ "events": events, "searchedLogStreams": [] });
        if let Some(next) = next {
            answer["nextToken"] = write_place(next).into();
        }
        Ok(Some(answer))
    }
}

/// The events of a request, if they are in order and not too much.
fn read_events(given: Vec<InputLogEvent>) -> Result<Vec<LogEvent>, ApiError> {
    let mut events: Vec<LogEvent> = Vec::with_capacity(given.len());
    let mut bytes = 0;
    for (position, event) in given.into_iter().enumerate() {
        let path = |member: &str| format!("logEvents.{}.member.{member}", position + 1);
        let (timestamp, message) = (event.timestamp, event.message);
        model::check(|violations| {
            violations.required(&path("timestamp"), timestamp);
            violations.required(&path("message"), message.as_ref());
            if let Some(timestamp) = timestamp {
                violations.range(&path("timestamp"), timestamp, 0, i64::MAX);
            }
            if let Some(message) = &message {
                violations.length(&path("message"), message, 1, usize::MAX);
            }
        })?;
        let (timestamp, message) = (timestamp.unwrap_or_default(), message.unwrap_or_default());
        bytes += message.len() + EVENT_BYTES;
        if events.last().is_some_and(|last| last.timestamp > timestamp) {
            return Err(errors::invalid(
                "Log events in a single PutLogEvents request must be in chronological order.",
            ));
        }
        events.push(LogEvent { timestamp, message });
    }
    if bytes > MOST_BYTES {
        return Err(errors::invalid(format!(
            "Upload too large: {bytes} bytes exceeds limit of {MOST_BYTES}"
        )));
    }
    Ok(events)
}

/// The events that are neither too old nor too new, and which are.
fn sort_out(mut events: Vec<LogEvent>, now: i64) -> (Vec<LogEvent>, Option<Value>) {
    let old = events.partition_point(|event| event.timestamp < now - PAST_MILLIS);
    let new = events.partition_point(|event| event.timestamp <= now + FUTURE_MILLIS);
    let mut rejected = json!({});
    if old > 0 {
        rejected["tooOldLogEventEndIndex"] = old.into();
    }
    if new < events.len() {
        rejected["tooNewLogEventStartIndex"] = new.into();
    }
    let is_any = old > 0 || new < events.len();
    events.truncate(new);
    events.drain(..old.min(new));
    (events, is_any.then_some(rejected))
}

fn window(from: Option<i64>, until: Option<i64>) -> Window {
    Window {
        from: from.unwrap_or(i64::MIN),
        until: until.unwrap_or(i64::MAX),
    }
}

fn show(event: &StoredEvent) -> Value {
    json!({
        "timestamp": event.timestamp,
        "message": event.message,
        "ingestionTime": event.ingested,
    })
}

/// As the service's, an event's id is a number of 56 digits that goes up.
fn show_found(event: &StoredEvent) -> Value {
    let place = event.place;
    json!({
        "logStreamName": event.stream,
        "timestamp": event.timestamp,
        "message": event.message,
        "ingestionTime": event.ingested,
        "eventId": format!("{:046}{:010}", place.chunk, place.index),
    })
}

fn write_place(place: Place) -> String {
    format!("{:016x}{:08x}", place.chunk, place.index)
}

fn read_place(token: &str) -> Option<Place> {
    let (chunk, index) = token.split_at_checked(16)?;
    Some(Place {
        chunk: u64::from_str_radix(chunk, 16).ok()?,
        index: u32::from_str_radix(index, 16).ok()?,
    })
}

fn read_token(token: &str) -> Result<(Direction, Place), ApiError> {
    let read = match token.split_once('/') {
        Some(("f", place)) => read_place(place).map(|place| (Direction::Forward, place)),
        Some(("b", place)) => read_place(place).map(|place| (Direction::Backward, place)),
        _ => None,
    };
    read.ok_or_else(invalid_token)
}

fn invalid_token() -> ApiError {
    errors::invalid("The specified nextToken is invalid.")
}
