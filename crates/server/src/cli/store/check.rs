//! `stepwell store check`: is everything there, and what is affected by what is not.

use std::path::Path;
use std::process::ExitCode;

use runtime::codec::records;
use runtime::keys::{Namespace, Table};
use serde_json::{Value, json};
use store::{Bytes, Damage, Inspection, KeyRange, Lost, Store, View};

use super::census::Census;
use super::finding::{Finding, Findings};
use super::key::{self, Key, TABLES};
use super::part::nameless;
use super::rows::RowCheck;
use super::{CommandError, Format, LookArgs, STORE, count, of_this_generation, options, say, size};

/// There is damage.
const DAMAGED: u8 = 1;

/// For the help.
pub(super) const EXIT_STATUS: &str = "\
Exit status: 0 if everything is whole, 1 if there is damage, 2 if it cannot be looked at: there is no store, a server has \
it open, or a newer program wrote it.";

/// Looks and reports.
pub(super) fn run(args: &LookArgs) -> Result<ExitCode, CommandError> {
    let folder = &args.data_dir.path;
    let found = Inspection::open(folder.join(STORE), &options())
        .map_err(|error| CommandError::of_opening(folder, error))?;
    of_this_generation(folder, found.view.as_ref())?;
    let mut findings = Findings::default();
    for damage in &found.damages {
        findings.add(finding(damage, found.view.as_ref()));
    }
    let mut census = Census::default();
    if let Some(view) = &found.view {
        check_rows(view, folder, &mut findings, &mut census);
    }
    say(&match args.format {
        Format::Text => text(folder, &found, &census, &findings),
        Format::Json => format!("{:#}\n", json(&found, &census, &findings)),
    });
    Ok(match findings.count {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(DAMAGED),
    })
}

fn check_rows(view: &View, folder: &Path, findings: &mut Findings, census: &mut Census) {
    let mut check = RowCheck::new(view, folder, findings);
    let walked = view.for_each(KeyRange::all(), &mut |key, value| {
        census.add(key, value);
        check.row(key, value);
        true
    });
    check.finish();
    if let Err(error) = walked {
        findings.of_row("every row behind it", error.to_string());
    }
}

/// What the damage of a file means.
fn finding(damage: &Damage, view: Option<&View>) -> Finding {
    let affected = match &damage.lost {
        Lost::Nothing(reason) => format!("nothing ({reason})"),
        Lost::Transactions(first, last) => transactions(*first, *last),
        Lost::Index => "everything that is not in the log any more".to_owned(),
        Lost::Keys(after, before) => {
            let bounds = (shown(after.as_ref(), view), shown(before.as_ref(), view));
            match bounds {
                (Some(after), Some(before)) if after == before => format!("rows in {after}"),
                (Some(after), Some(before)) => format!("rows from {after} to {before}"),
                (Some(after), None) => format!("rows from {after} on"),
                (None, Some(before)) => format!("rows up to {before}"),
                (None, None) => "any rows of this table".to_owned(),
            }
        }
    };
    Finding {
        place: Some((damage.file.clone(), damage.offset)),
        what: damage.what.clone(),
        affected,
    }
}

fn transactions(first: u64, last: Option<u64>) -> String {
    match last {
        Some(last) if last == first => format!("transaction {first}, and what came after it"),
        Some(last) => format!("transactions {first} to {last}, and what came after them"),
        None => format!("transaction {first}, if there was one, and what came after it"),
    }
}

/// What a key is about, with the ARN of the execution if it can be told.
fn shown(key: Option<&Bytes>, view: Option<&View>) -> Option<String> {
    let key = key?;
    let Key::Row(namespace, table, rest) = Key::parse(key) else {
        return Some(format!("the row {}", key.escape_ascii()));
    };
    let name = TABLES.iter().find(|(known, _)| *known == table);
    let name = name.map_or("rows", |(_, name)| name);
    let id = match table {
        Table::Frame | Table::Remains | Table::History | Table::Execution => {
            key::execution(rest).map(|(id, _)| id)
        }
        Table::ExecutionList | Table::ExecutionIndex => key::listed(rest).map(|(_, id)| id),
        _ => None,
    };
    Some(match id {
        Some(id) => {
            let arn = view.and_then(|view| arn(view, &namespace, id));
            format!("{name}: {}", arn.unwrap_or_else(|| nameless(id)))
        }
        None => {
            let rest = rest.escape_ascii().to_string().replace("\\x00", "/");
            format!("{name}: {rest}")
        }
    })
}

fn arn(view: &View, namespace: &Namespace, id: runtime::ExecutionId) -> Option<String> {
    let key = namespace.table(Table::Execution).u128(id.0).build();
    let row = view.get(&key).ok()??;
    let record = records::decode(&row).ok()?;
    Some(record.facts.arn.to_string())
}

fn text(folder: &Path, found: &Inspection, census: &Census, findings: &Findings) -> String {
    let mut out: String = findings.told.iter().map(Finding::line).collect();
    if findings.untold() > 0 {
        out += &format!("and {} more\n", findings.untold());
    }
    if census.unknown.count > 0 {
        let rows = count(census.unknown.count, "row");
        out += &format!("{rows} of a kind that this program does not know\n");
    }
    let verdict = match findings.count {
        0 => "everything is whole".to_owned(),
        number => format!("{} of damage", count(number, "place")),
    };
    let read = size(found.log.record_bytes + found.index.bytes);
    out + &format!(
        "{}: {verdict}: {} in {}, {} in {}, {read} read\n",
        folder.display(),
        count(census.total().count, "row"),
        count(found.index.tables, "table"),
        count(found.log.records, "record"),
        count(found.log.segments, "segment"),
    )
}

fn json(found: &Inspection, census: &Census, findings: &Findings) -> Value {
    let damages: Vec<Value> = findings.told.iter().map(Finding::json).collect();
    json!({
        "result": if findings.count == 0 { "OK" } else { "DAMAGED" },
        "damages": damages,
        "untold": findings.untold(),
        "log": {"segments": found.log.segments, "records": found.log.records, "lastTransaction": found.log.last},
        "index": {"tables": found.index.tables, "blocks": found.index.blocks, "lastTransaction": found.index.applied},
        "rows": census.total().count,
        "unknownRows": census.unknown.count,
        "executions": census.execution_count(),
    })
}
