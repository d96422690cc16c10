//! The formats of an execution's record: what is written is read, in this format and in those of before.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use engine::event::Failure;
use engine::{Facts, Timestamp};
use expr::json::Document;
use runtime::codec::{DecodeError, Writer, records};
use runtime::{ExecutionRecord, PinnedRevision, Status};

fn record() -> ExecutionRecord {
    let facts = Facts {
        arn: "arn:aws:states:us-east-1:1:execution:m:e".into(),
        name: "e".into(),
        machine_arn: "arn:aws:states:us-east-1:1:stateMachine:m".into(),
        machine_name: "m".into(),
        role_arn: "role".into(),
        region: "us-east-1".into(),
        started: Timestamp(5),
        input: Document::parse("{}").unwrap(),
        test_case: None,
    };
    let mut revision = PinnedRevision::unqualified("revision-1");
    revision.version = Some("m:1".into());
    let mut record = ExecutionRecord::started(Arc::new(facts), revision, None);
    record.status = Status::Failed;
    record.stopped = Some(Timestamp(9));
    record.failure = Failure::new("Oops", "why");
    record
}

/// A row of format 1 or 2, as the servers of then wrote it.
fn earlier(record: &ExecutionRecord, version: u8) -> Vec<u8> {
    let facts = &record.facts;
    let mut out = Writer::versioned(version);
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
    if version == 2 {
        out.option(record.revision.version.as_deref(), Writer::text);
        out.option(record.revision.alias.as_deref(), Writer::text);
    }
    out.option(record.trace_header.as_deref(), Writer::text);
    out.int(facts.started.0);
    out.option(record.stopped, |out, at| out.int(at.0));
    out.text(facts.input.text());
    out.byte(0);
    out.option(record.failure.error.as_deref(), Writer::text);
    out.option(record.failure.cause.as_deref(), Writer::text);
    out.finish()
}

fn shown(record: &ExecutionRecord) -> String {
    format!("{record:?}")
}

#[test]
fn a_test_case_is_kept_under_its_own_tag() {
    let mut record = record();
    let plain = records::encode(&record).len();
    let facts = Arc::make_mut(&mut record.facts);
    facts.test_case = Some("Happy".into());
    let bytes = records::encode(&record);
    let extra = [6, 6, 5, b'H', b'a', b'p', b'p', b'y'];
    assert!(bytes.ends_with(&extra), "tag, length, text: {bytes:?}");
    assert_eq!(bytes.len(), plain + extra.len());
    assert_eq!(shown(&records::decode(&bytes).unwrap()), shown(&record));
}

#[test]
fn redrives_and_their_tokens_are_kept() {
    let mut record = record();
    for number in 0..12 {
        let token = (number != 3).then(|| format!("token-{number}").into());
        record.redrives.add(Timestamp(100 + number), token);
    }
    let read = records::decode(&records::encode(&record)).unwrap();
    assert_eq!(shown(&read), shown(&record));
    assert_eq!(read.redrives.count, 12);
    assert_eq!(read.redrives.date, Some(Timestamp(111)));
    assert_eq!(read.redrives.redriven_as("token-0"), None, "the eleventh");
    assert_eq!(read.redrives.redriven_as("token-1"), Some(Timestamp(101)));
    assert_eq!(read.redrives.redriven_as("token-11"), Some(Timestamp(111)));
}

#[test]
fn earlier_formats_are_read() {
    let mut record = record();
    let second = records::decode(&earlier(&record, 2)).unwrap();
    assert_eq!(shown(&second), shown(&record));
    record.revision.version = None;
    let first = records::decode(&earlier(&record, 1)).unwrap();
    assert_eq!(shown(&first), shown(&record));
}

#[test]
fn what_a_newer_server_added_is_refused_by_its_number() {
    let mut row = records::encode(&record());
    let count = row.pop();
    assert_eq!(count, Some(0), "no extra costs one byte");
    row.extend([1, 200, 1, b'x']);
    let error = records::decode(&row).unwrap_err();
    assert_eq!(error, DecodeError::Extra(200));
    assert!(error.to_string().contains("200"));
}
