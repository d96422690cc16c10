//! Log streams: create, describe, delete.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, LogsApi, errors, model};
use crate::front::Request;
use crate::logs::{Group, Stream};

/// Streams that are put in the order of their last events; a group may have more.
const SORTED: usize = 10_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    log_group_name: Option<String>,
    log_stream_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribeLogStreams {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    descending: Option<bool>,
    next_token: Option<String>,
    limit: Option<i64>,
}

impl LogsApi {
    pub(super) async fn create_stream(&self, request: &Request) -> Answer {
        let (group, name) = self.stream_of(request)?;
        let created = self.logs.create_stream(&group, &name).await;
        created.map(|()| None).map_err(errors::of_stream)
    }

    pub(super) async fn delete_stream(&self, request: &Request) -> Answer {
        let (group, name) = self.stream_of(request)?;
        let deleted = self.logs.delete_stream(&group, &name).await;
        deleted.map(|()| None).map_err(errors::of_stream)
    }

    fn stream_of(&self, request: &Request) -> Result<(Group, String), aws::ApiError> {
        let given: Named = model::read(request)?;
        let (group, stream) = (given.log_group_name, given.log_stream_name);
        model::check(|violations| {
            model::group_name(violations, group.as_deref());
            model::stream_name(violations, stream.as_deref());
        })?;
        let group = self.named(request, group.as_deref(), None)?;
        Ok((group, stream.unwrap_or_default()))
    }

    /// The token is the number of streams that were shown before.
    pub(super) fn describe_streams(&self, request: &Request) -> Answer {
        let given: DescribeLogStreams = model::read(request)?;
        let order = given.order_by.as_deref().unwrap_or("LogStreamName");
        model::check(|violations| {
            model::limit(violations, given.limit, 50);
            violations.one_of("orderBy", order, &["LogStreamName", "LastEventTime"]);
        })?;
        let by_time = order == "LastEventTime";
        if by_time && given.log_stream_name_prefix.is_some() {
            return Err(errors::invalid(
                "Cannot order by LastEventTime with a logStreamNamePrefix.",
            ));
        }
        let (name, identifier) = (&given.log_group_name, &given.log_group_identifier);
        let group = self.named(request, name.as_deref(), identifier.as_deref())?;
        let prefix = given.log_stream_name_prefix.unwrap_or_default();
        let mut streams = self
            .logs
            .streams(&group, &prefix, None, SORTED)
            .map_err(errors::of_stream)?;
        if by_time {
            streams.sort_by_key(|stream| stream.seen.map_or(i64::MIN, |seen| seen.last));
        }
        if given.descending == Some(true) {
            streams.reverse();
        }
        let skip = match &given.next_token {
            Some(token) => token
                .parse::<usize>()
                .map_err(|_| errors::invalid("The specified nextToken is invalid."))?,
            None => 0,
        };
        let limit = model::page(given.limit, 50);
        let page = streams.iter().skip(skip).take(limit);
        let shown: Vec<Value> = page.map(|stream| show(&group, stream)).collect();
        let mut answer = json!({ "logStreams": shown });
        let shown = skip.saturating_add(limit);
        if shown < streams.len() {
            answer["nextToken"] = shown.to_string().into();
        }
        Ok(Some(answer))
    }
}

fn show(group: &Group, stream: &Stream) -> Value {
    let mut shown = json!({
        "logStreamName": stream.name,
        "creationTime": stream.created_millis,
    });
    if let Some(seen) = stream.seen {
        shown["firstEventTimestamp"] = seen.first.into();
        shown["lastEventTimestamp"] = seen.last.into();
        shown["lastIngestionTime"] = seen.ingested.into();
    }
    shown["arn"] = format!("{}:log-stream:{}", group.place.arn(), stream.name).into();
    shown["storedBytes"] = 0.into();
    shown
}
