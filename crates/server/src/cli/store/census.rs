//! How many of everything there are, and how large: one walk over all rows.

use std::collections::BTreeMap;

use runtime::Status;
use runtime::codec::records;
use runtime::keys::Table;
use serde_json::{Value, json};

use super::key::{self, Key, TABLES};

/// Rows in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) count: u64,
    /// Keys and values.
    pub(super) bytes: u64,
}

/// Everything in numbers.
#[derive(Debug, Default)]
pub(super) struct Census {
    /// By the name of the table.
    pub(super) tables: BTreeMap<&'static str, Rows>,
    /// Control-plane records by kind.
    pub(super) records: BTreeMap<String, u64>,
    /// Executions by status.
    pub(super) executions: BTreeMap<&'static str, u64>,
    /// Rows of no table that this program knows.
    pub(super) unknown: Rows,
    /// Milliseconds since 1970 at which the first and the last execution began.
    pub(super) started: Option<(i64, i64)>,
    /// The largest value of a row, in bytes.
    pub(super) largest: u64,
}

impl Census {
    /// Counts a row.
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        let bytes = (key.len() + value.len()) as u64;
        self.largest = self.largest.max(value.len() as u64);
        let rows = match Key::parse(key) {
            Key::Lists => self.tables.entry("state of the lists").or_default(),
            Key::Registry(_) => self.tables.entry("namespaces").or_default(),
            Key::TaskTokens => self.tables.entry("task token key").or_default(),
            Key::Generation => self.tables.entry("generation").or_default(),
            Key::Unknown => &mut self.unknown,
            Key::Row(_, table, rest) => {
                self.look_into(table, rest, value);
                self.tables.entry(name_of(table)).or_default()
            }
        };
        rows.count += 1;
        rows.bytes += bytes;
    }

    fn look_into(&mut self, table: Table, rest: &[u8], value: &[u8]) {
        match table {
            Table::Record => {
                let kind = rest.split(|byte| *byte == 0).next().unwrap_or_default();
                let kind = String::from_utf8_lossy(kind).into_owned();
                *self.records.entry(kind).or_default() += 1;
            }
            Table::Execution => {
                let status = records::decode(value)
                    .map_or("unreadable", |record| Status::as_str(record.status));
                *self.executions.entry(status).or_default() += 1;
                if let Some((id, _)) = key::execution(rest) {
                    let began = (id.0 >> 80) as i64;
                    let (first, last) = self.started.unwrap_or((began, began));
                    self.started = Some((first.min(began), last.max(began)));
                }
            }
            _ => {}
        }
    }

    /// All rows.
    pub(super) fn total(&self) -> Rows {
        let all = self.tables.values().chain([&self.unknown]);
        all.fold(Rows::default(), |sum, rows| Rows {
            count: sum.count + rows.count,
            bytes: sum.bytes + rows.bytes,
        })
    }

    /// All executions.
    pub(super) fn execution_count(&self) -> u64 {
        self.executions.values().sum()
    }

    /// The records of a kind.
    pub(super) fn record_count(&self, kind: &str) -> u64 {
        self.records.get(kind).copied().unwrap_or(0)
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let rows = |rows: &Rows| json!({"rows": rows.count, "bytes": rows.bytes});
        let tables: serde_json::Map<String, Value> = self
            .tables
            .iter()
            .map(|(name, found)| (name.replace(' ', "-"), rows(found)))
            .collect();
        json!({
            "tables": tables,
            "unknown": rows(&self.unknown),
            "total": rows(&self.total()),
            "largestValue": self.largest,
            "executions": self.executions,
            "records": self.records,
            "stateMachines": self.record_count("state-machine"),
            "functions": self.record_count("lambda-function"),
            "oldestStart": self.started.map(|(first, _)| shown_time(first)),
            "newestStart": self.started.map(|(_, last)| shown_time(last)),
        })
    }
}

/// A time as the API's clients write it.
pub(super) fn shown_time(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis).map_or_else(|_| millis.to_string(), |t| t.to_string())
}

fn name_of(table: Table) -> &'static str {
    let found = TABLES.iter().find(|(known, _)| *known == table);
    found.map_or("others", |(_, name)| name)
}
