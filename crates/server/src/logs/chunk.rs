//! A chunk: events of one stream that were taken in together.

use runtime::codec::{DecodeError, Reader, Writer};

use super::LogEvent;

const VERSION: u8 = 1;

/// What is told of a chunk without reading its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) stream: String,
    /// When it was taken in, in milliseconds.
    pub(super) ingested: i64,
    /// The first and last time that its events name.
    pub(super) first: i64,
    pub(super) last: i64,
}

impl Head {
    pub(super) fn of(stream: &str, ingested: i64, events: &[LogEvent]) -> Head {
        let times = || events.iter().map(|event| event.timestamp);
        Head {
            stream: stream.to_owned(),
            ingested,
            first: times().min().unwrap_or(ingested),
            last: times().max().unwrap_or(ingested),
        }
    }
}

pub(super) fn encode(head: &Head, events: &[LogEvent]) -> Vec<u8> {
    let mut out = Writer::versioned(VERSION);
    out.text(&head.stream);
    out.int(head.ingested);
    out.int(head.first);
    out.int(head.last);
    out.uint(events.len() as u64);
    for event in events {
        out.int(event.timestamp);
        out.text(&event.message);
    }
    out.finish()
}

pub(super) fn head(bytes: &[u8]) -> Result<Head, DecodeError> {
    read_head(&mut Reader::versioned(bytes, VERSION)?)
}

pub(super) fn decode(bytes: &[u8]) -> Result<(Head, Vec<LogEvent>), DecodeError> {
    let mut reader = Reader::versioned(bytes, VERSION)?;
    let head = read_head(&mut reader)?;
    let count = reader.count()?;
    let events = (0..count).map(|_| {
        Ok(LogEvent {
            timestamp: reader.int()?,
            message: reader.text()?.to_owned(),
        })
    });
    let events = events.collect::<Result<Vec<_>, DecodeError>>()?;
    Ok((head, events))
}

fn read_head(reader: &mut Reader<'_>) -> Result<Head, DecodeError> {
    Ok(Head {
        stream: reader.text()?.to_owned(),
        ingested: reader.int()?,
        first: reader.int()?,
        last: reader.int()?,
    })
}
