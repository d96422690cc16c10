//! `stepwell store stats`: sizes and counts.

use std::fmt::Write;
use std::process::ExitCode;

use serde_json::json;
use store::{Inspection, KeyRange};

use super::census::{Census, shown_time};
use super::{CommandError, Format, LookArgs, STORE, count, of_this_generation, options, say, size};

/// Looks and reports. Damage is not this command's business, but it is not kept silent.
pub(super) fn run(args: &LookArgs) -> Result<ExitCode, CommandError> {
    let folder = &args.data_dir.path;
    let found = Inspection::open(folder.join(STORE), &options())
        .map_err(|error| CommandError::of_opening(folder, error))?;
    of_this_generation(folder, found.view.as_ref())?;
    let mut census = Census::default();
    let mut is_whole = found.damages.is_empty();
    match &found.view {
        Some(view) => {
            is_whole &= view
                .for_each(KeyRange::all(), &mut |key, value| {
                    census.add(key, value);
                    true
                })
                .map_err(CommandError::Store)?;
        }
        None => is_whole = false,
    }
    say(&match args.format {
        Format::Text => text(&found, &census, is_whole),
        Format::Json => format!("{:#}\n", json(&found, &census, is_whole)),
    });
    Ok(ExitCode::SUCCESS)
}

fn text(found: &Inspection, census: &Census, is_whole: bool) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_text(&mut out, found, census);
    if !is_whole {
        out +=
            "\nThere is damage, so that not everything was counted: see `stepwell store check`.\n";
    }
    out
}

fn write_text(out: &mut String, found: &Inspection, census: &Census) -> std::fmt::Result {
    writeln!(
        out,
        "{:<18}{}",
        "state machines",
        census.record_count("state-machine")
    )?;
    writeln!(
        out,
        "{:<18}{}",
        "functions",
        census.record_count("lambda-function")
    )?;
    let by_status: Vec<String> = census
        .executions
        .iter()
        .map(|(status, number)| format!("{number} {status}"))
        .collect();
    let by_status = match by_status.is_empty() {
        true => String::new(),
        false => format!(" ({})", by_status.join(", ")),
    };
    let executions = census.execution_count();
    writeln!(out, "{:<18}{executions}{by_status}", "executions")?;
    if let Some((first, last)) = census.started {
        writeln!(out, "{:<18}{}", "first started", shown_time(first))?;
        writeln!(out, "{:<18}{}", "last started", shown_time(last))?;
    }
    writeln!(out, "\n{:<18}{:>12}{:>14}", "rows", "count", "bytes")?;
    for (name, rows) in &census.tables {
        writeln!(out, "{name:<18}{:>12}{:>14}", rows.count, rows.bytes)?;
    }
    if census.unknown.count > 0 {
        let rows = census.unknown;
        writeln!(out, "{:<18}{:>12}{:>14}", "unknown", rows.count, rows.bytes)?;
    }
    let total = census.total();
    writeln!(out, "{:<18}{:>12}{:>14}", "all", total.count, total.bytes)?;
    writeln!(out, "{:<18}{:>26}", "largest value", census.largest)?;
    let (log, index) = (found.log, found.index);
    writeln!(
        out,
        "\n{:<18}{} in {}, {} of them in {}, up to transaction {}",
        "log",
        size(log.bytes),
        count(log.segments, "segment"),
        size(log.record_bytes),
        count(log.records, "record"),
        log.last
    )?;
    writeln!(
        out,
        "{:<18}{} in {}, up to transaction {}",
        "index",
        size(index.bytes),
        count(index.tables, "table"),
        index.applied
    )
}

fn json(found: &Inspection, census: &Census, is_whole: bool) -> serde_json::Value {
    let mut shown = census.json();
    let (log, index) = (found.log, found.index);
    shown["log"] = json!({
        "segments": log.segments,
        "bytes": log.bytes,
        "recordBytes": log.record_bytes,
        "records": log.records,
        "firstTransaction": log.first,
        "lastTransaction": log.last,
    });
    shown["index"] = json!({
        "tables": index.tables,
        "bytes": index.bytes,
        "lastTransaction": index.applied,
    });
    shown["complete"] = is_whole.into();
    shown
}
