//! Execution records.

use std::sync::Arc;

use engine::{Facts, Timestamp};
use expr::json::Document;

use super::events::{read_failure, write_failure};
use super::{DecodeError, Reader, Writer};
use crate::record::{ExecutionRecord, Status};

const VERSION: u8 = 1;

/// Bytes of the row.
pub fn encode(record: &ExecutionRecord) -> Vec<u8> {
    let facts = &record.facts;
    let mut out = Writer::versioned(VERSION);
    out.byte(record.status.number());
    for text in [
        &facts.arn,
        &facts.name,
        &facts.machine_arn,
        &facts.machine_name,
        &facts.role_arn,
        &facts.region,
        &record.revision,
    ] {
        out.text(text);
    }
    out.option(record.trace_header.as_deref(), Writer::text);
    out.int(facts.started.0);
    out.option(record.stopped, |out, at| out.int(at.0));
    out.text(facts.input.text());
    out.option(record.output.as_ref(), |out, output| {
        match output.text() == facts.input.text() {
            true => out.byte(1),
            false => {
                out.byte(0);
                out.text(output.text());
            }
        }
    });
    write_failure(&mut out, &record.failure);
    out.finish()
}

/// The record of a row.
pub fn decode(bytes: &[u8]) -> Result<ExecutionRecord, DecodeError> {
    let mut reader = Reader::versioned(bytes, VERSION)?;
    let status =
        Status::from_number(reader.byte()?).ok_or(DecodeError::Malformed("a status is unknown"))?;
    let [
        arn,
        name,
        machine_arn,
        machine_name,
        role_arn,
        region,
        revision,
    ] = read_texts(&mut reader)?;
    let trace_header = reader.option(Reader::shared)?;
    let started = Timestamp(reader.int()?);
    let stopped = reader.option(Reader::int)?.map(Timestamp);
    let input = Document::trusted(reader.shared()?);
    let output = reader.option(|reader| match reader.byte()? {
        1 => Ok(input.clone()),
        _ => Ok(Document::trusted(reader.shared()?)),
    })?;
    let failure = read_failure(&mut reader)?;
    let facts = Facts {
        arn,
        name,
        machine_arn,
        machine_name,
        role_arn,
        region,
        started,
        input,
    };
    Ok(ExecutionRecord {
        facts: Arc::new(facts),
        revision,
        trace_header,
        status,
        stopped,
        output,
        failure,
    })
}

/// The status alone, without reading the rest.
pub fn decode_status(bytes: &[u8]) -> Option<Status> {
    (bytes.first() == Some(&VERSION))
        .then(|| bytes.get(1).copied().and_then(Status::from_number))
        .flatten()
}

fn read_texts<const N: usize>(reader: &mut Reader<'_>) -> Result<[Arc<str>; N], DecodeError> {
    let texts = (0..N)
        .map(|_| reader.shared())
        .collect::<Result<Vec<_>, _>>()?;
    texts.try_into().map_err(|_| DecodeError::Short)
}
