//! The rows of map runs and their children: what is written is read, and what this format was is pinned.

#![allow(clippy::unwrap_used)]

use engine::Timestamp;
use engine::event::Failure;
use engine::map_run::{MapRunOutcome, Tolerance};
use runtime::map_runs::child::ChildRow;
use runtime::map_runs::{Counts, Cursor, RunId, RunRecord, RunStatus, Tally};
use runtime::{ExecutionId, Status};

fn record() -> RunRecord {
    let tally = Tally {
        running: 1,
        succeeded: 2,
        failed: 3,
        timed_out: 4,
        aborted: 5,
        total: 300,
        results_written: 7,
    };
    RunRecord {
        status: RunStatus::Failed,
        started: Timestamp(5),
        stopped: Some(Timestamp(9)),
        tolerance: Tolerance {
            concurrency: 10,
            failures: Some(1),
            percentage: Some(12.5),
        },
        counts: Counts {
            executions: tally,
            items: tally,
        },
        cursor: Cursor {
            place: vec![1, 2],
            items: 20,
            children: 10,
            is_at_end: true,
        },
        ending: Some(Failure::named("Oops")),
        outcome: Some(MapRunOutcome::Failed(Failure::new("Oops", "why"))),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_record_of_a_run() {
    let bytes = record().encode();
    let pinned = "01020a01120a010101084029000000000000010203\
                  0405ac02070102030405ac02070201021\
                  40a0101\
                  01044f6f7073000102\
                  01044f6f70730103776879";
    assert_eq!(hex(&bytes), pinned);
    let read = RunRecord::decode(&bytes).unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", record()));
}

#[test]
fn the_rows_of_a_child() {
    let pending = ChildRow::Pending {
        input: "[1]".into(),
        batch: Some(3),
    };
    let started = ChildRow::Started {
        execution: ExecutionId(7),
        status: Status::Succeeded,
        items: 3,
    };
    for (row, pinned) in [
        (pending, "0101035b315d0103"),
        (started, "010210000000000000000000000000000000070103"),
    ] {
        assert_eq!(hex(&row.encode()), pinned);
        assert_eq!(ChildRow::decode(&row.encode()).unwrap(), row);
    }
}

#[test]
fn damaged_rows_are_errors() {
    let bytes = record().encode();
    for length in 0..bytes.len() {
        assert!(RunRecord::decode(&bytes[..length]).is_err());
    }
    assert!(ChildRow::decode(&[1, 9]).is_err());
}

#[test]
fn the_id_of_a_run_is_the_uuid_of_its_arn() {
    let uuid = "0d5e21b8-53a1-4b2f-8c6d-1f0a9b8c7d6e";
    assert_eq!(RunId::parse(uuid).unwrap().to_string(), uuid);
    for wrong in [
        "",
        "0d5e21b853a14b2f8c6d1f0a9b8c7d6e",
        &uuid[1..],
        "not a uuid at all, but long enough",
    ] {
        assert_eq!(RunId::parse(wrong), None);
    }
}
