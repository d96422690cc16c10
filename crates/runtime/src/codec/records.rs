//! Execution records: the fields that every record has, then extras for what few have.

use std::sync::Arc;

use engine::{Facts, Timestamp};
use expr::json::Document;

use super::events::{read_failure, write_failure};
use super::extras::{ExtrasWriter, read_extras};
use super::{DecodeError, Reader, Writer};
use crate::map_runs::child::ChildOf;
use crate::record::{ExecutionRecord, PinnedRevision, Status};
use crate::redrives::{RedriveToken, Redrives, Remains};

const VERSION: u8 = 3;
/// Its rows end where the extras begin: there were none.
const WITHOUT_EXTRAS: u8 = 2;
/// Its rows say nothing of a version or alias: there were none.
const WITHOUT_VERSIONS: u8 = 1;

/// The extras' numbers on disk. Never reused, never renumbered.
mod tag {
    /// How often it was redriven, and when last.
    pub(super) const REDRIVES: u8 = 1;
    /// The client tokens of its last redrives.
    pub(super) const REDRIVE_TOKENS: u8 = 2;
    /// What its end left for a redrive: the last event's id, or 0 for what was too large.
    pub(super) const REMAINS: u8 = 3;
    /// The test case that mocks its tasks.
    pub(super) const TEST_CASE: u8 = 6;
    /// Of which map run it is a child.
    pub(super) const MAP_RUN_CHILD: u8 = 4;
}

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
        &record.revision.key,
    ] {
        out.text(text);
    }
    out.option(record.revision.version.as_deref(), Writer::text);
    out.option(record.revision.alias.as_deref(), Writer::text);
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
    extras_of(record).write(&mut out);
    out.finish()
}

fn extras_of(record: &ExecutionRecord) -> ExtrasWriter {
    let mut extras = ExtrasWriter::default();
    let redrives = &record.redrives;
    if redrives.count > 0 {
        extras.add(tag::REDRIVES, |out| {
            out.uint(u64::from(redrives.count));
            out.option(redrives.date, |out, at| out.int(at.0));
        });
    }
    if !redrives.tokens.is_empty() {
        extras.add(tag::REDRIVE_TOKENS, |out| {
            out.uint(redrives.tokens.len() as u64);
            for token in &redrives.tokens {
                out.text(&token.token);
                out.int(token.redriven.0);
            }
        });
    }
    if let Some(remains) = redrives.remains {
        extras.add(tag::REMAINS, |out| {
            out.uint(match remains {
                Remains::Kept { last_event } => last_event,
                Remains::TooLarge => 0,
            });
        });
    }
    if let Some(child) = &record.child {
        extras.add(tag::MAP_RUN_CHILD, |out| child.encode(out));
    }
    if let Some(test_case) = &record.facts.test_case {
        extras.add(tag::TEST_CASE, |out| out.text(test_case));
    }
    extras
}

/// The record of a row, of this format or of an earlier one.
pub fn decode(bytes: &[u8]) -> Result<ExecutionRecord, DecodeError> {
    let version = match bytes.first() {
        Some(&earlier @ (WITHOUT_VERSIONS | WITHOUT_EXTRAS)) => earlier,
        _ => VERSION,
    };
    let mut reader = Reader::versioned(bytes, version)?;
    let status =
        Status::from_number(reader.byte()?).ok_or(DecodeError::Malformed("a status is unknown"))?;
    let [arn, name, machine_arn, machine_name, role_arn, region, key] = read_texts(&mut reader)?;
    let mut revision = PinnedRevision::unqualified(key);
    if version != WITHOUT_VERSIONS {
        revision.version = reader.option(Reader::shared)?;
        revision.alias = reader.option(Reader::shared)?;
    }
    let trace_header = reader.option(Reader::shared)?;
    let started = Timestamp(reader.int()?);
    let stopped = reader.option(Reader::int)?.map(Timestamp);
    let input = Document::trusted(reader.shared()?);
    let output = reader.option(|reader| match reader.byte()? {
        1 => Ok(input.clone()),
        _ => Ok(Document::trusted(reader.shared()?)),
    })?;
    let failure = read_failure(&mut reader)?;
    let mut redrives = Redrives::default();
    let mut test_case = None;
    let mut child = None;
    if version == VERSION {
        read_extras(&mut reader, |tag, bytes| {
            match tag {
                tag::REDRIVES => {
                    redrives.count = bytes.uint32()?;
                    redrives.date = bytes.option(Reader::int)?.map(Timestamp);
                }
                tag::MAP_RUN_CHILD => child = Some(ChildOf::decode(bytes)?),
                tag::REDRIVE_TOKENS => redrives.tokens = read_tokens(bytes)?,
                tag::REMAINS => {
                    redrives.remains = Some(match bytes.uint()? {
                        0 => Remains::TooLarge,
                        last_event => Remains::Kept { last_event },
                    });
                }
                tag::TEST_CASE => test_case = Some(bytes.shared()?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
    }
    let facts = Facts {
        arn,
        name,
        machine_arn,
        machine_name,
        role_arn,
        region,
        started,
        input,
        test_case,
    };
    Ok(ExecutionRecord {
        facts: Arc::new(facts),
        revision,
        trace_header,
        status,
        stopped,
        output,
        failure,
        child,
        redrives,
    })
}

fn read_tokens(reader: &mut Reader<'_>) -> Result<Vec<RedriveToken>, DecodeError> {
    let count = reader.count()?;
    (0..count)
        .map(|_| {
            Ok(RedriveToken {
                token: reader.shared()?,
                redriven: Timestamp(reader.int()?),
            })
        })
        .collect()
}

fn read_texts<const N: usize>(reader: &mut Reader<'_>) -> Result<[Arc<str>; N], DecodeError> {
    let texts = (0..N)
        .map(|_| reader.shared())
        .collect::<Result<Vec<_>, _>>()?;
    texts.try_into().map_err(|_| DecodeError::Short)
}
