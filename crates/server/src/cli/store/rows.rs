//! Whether rows can be read, and whether those of an execution hang together.
//!
//! Owns: what belongs to what. Rows come in the order of their keys, one at a time; what another row says is looked up.
//! No more is kept than the record and the checkpoint of one execution, and some compiled definitions.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use asl::Machine;
use engine::{FrameId, Phase};
use runtime::codec::frames::{self, Header};
use runtime::codec::listed::Listed;
use runtime::codec::{DecodeError, records};
use runtime::keys::{Namespace, Table};
use runtime::map_runs::RunRecord;
use runtime::map_runs::child::ChildRow;
use runtime::{ExecutionId, ExecutionRecord, Status};
use serde_json::Value;
use store::{Store, View};

use super::backup::CODE;
use super::finding::Findings;
use super::key::{self, Key};
use super::part::{Current, Wrong, chunk, nameless, remains};
use crate::logs;

/// Compiled definitions that are kept.
const COMPILED: usize = 256;
/// The version of a control-plane record.
const RECORD_VERSION: u8 = 1;

/// Looks at all rows.
pub(super) struct RowCheck<'a> {
    view: &'a View,
    /// The folder of the functions' code.
    code: PathBuf,
    findings: &'a mut Findings,
    namespaces: HashSet<Namespace>,
    /// The execution whose rows are being read.
    current: Option<Current>,
    machines: HashMap<(Namespace, Arc<str>), Arc<Machine>>,
}

impl<'a> RowCheck<'a> {
    /// Over the rows of a store in a data folder.
    pub(super) fn new(view: &'a View, folder: &Path, findings: &'a mut Findings) -> RowCheck<'a> {
        RowCheck {
            view,
            code: folder.join(CODE),
            findings,
            namespaces: HashSet::new(),
            current: None,
            machines: HashMap::new(),
        }
    }

    /// Looks at a row.
    pub(super) fn row(&mut self, row_key: &[u8], value: &[u8]) {
        let Key::Row(namespace, table, rest) = Key::parse(row_key) else {
            if let Key::Registry(namespace) = Key::parse(row_key) {
                self.namespaces.insert(namespace);
            }
            return;
        };
        if matches!(table, Table::Frame | Table::Remains | Table::History) {
            return self.part(&namespace, table, rest, value);
        }
        self.finish();
        let checked = match table {
            Table::Record => self.record(&namespace, rest, value),
            Table::Definition => self.definition(&namespace, rest),
            Table::ExecutionList | Table::ExecutionIndex => self.listed(&namespace, rest, value),
            Table::ExecutionName => self.named(&namespace, rest, value),
            Table::Express => self.express(&namespace, rest, value),
            Table::OfferedTask => self.offered(&namespace, rest),
            Table::Log => logs::check_row(rest, value)
                .map_err(|what| (format!("log row {}", rest.escape_ascii()), what)),
            Table::MapRun => map_run(rest, value),
            Table::MapRunChild => map_run_child(rest, value),
            _ => self.execution(&namespace, rest, value),
        };
        if let Err((affected, what)) = checked {
            self.findings.of_row(affected, what);
        }
    }

    /// Ends the execution whose rows were read.
    pub(super) fn finish(&mut self) {
        let Some(current) = self.current.take() else {
            return;
        };
        if let (false, Err(what)) = (current.is_bad, self.ended(&current)) {
            self.findings.of_row(current.name, what);
        }
    }

    fn part(&mut self, namespace: &Namespace, table: Table, rest: &[u8], value: &[u8]) {
        let Some((id, rest)) = key::execution(rest) else {
            let what = "a key is too short";
            return self.findings.of_row(rest.escape_ascii().to_string(), what);
        };
        let is_current = |current: &Current| {
            (current.id, current.table, &current.namespace) == (id, table, namespace)
        };
        if !self.current.as_ref().is_some_and(is_current) {
            self.finish();
            self.current = Some(self.begin(namespace, table, id));
        }
        let Some(mut current) = self.current.take() else {
            return;
        };
        if !current.is_bad
            && let Err(what) = match table {
                Table::Frame | Table::Remains => self.checkpoint(&mut current, rest, value),
                _ => chunk(&mut current, rest, value),
            }
        {
            current.is_bad = true;
            self.findings.of_row(current.name.clone(), what);
        }
        self.current = Some(current);
    }

    fn begin(&mut self, namespace: &Namespace, table: Table, id: ExecutionId) -> Current {
        let mut current = Current::new(namespace, table, id);
        match self.find(namespace, id) {
            Ok(record) => {
                current.name = record.facts.arn.to_string();
                current.record = Some(record);
            }
            Err(what) => {
                current.is_bad = true;
                self.findings.of_row(current.name.clone(), what);
            }
        }
        current
    }

    /// A row of a checkpoint: header, frame or variable.
    fn checkpoint(
        &mut self,
        current: &mut Current,
        rest: &[u8],
        value: &[u8],
    ) -> Result<(), Wrong> {
        let (row, variable) = rest
            .split_first_chunk()
            .ok_or("a checkpoint's key is too short")?;
        let row = u32::from_be_bytes(*row);
        let frame = FrameId(row.wrapping_sub(1));
        let Some(record) = &current.record else {
            return Ok(());
        };
        if row == 0 {
            if current.table == Table::Remains {
                return remains(current, value);
            }
            current.has_header = true;
            return Header::decode(value)
                .map(drop)
                .map_err(|error| format!("the checkpoint's header cannot be read: {error}"));
        }
        if !variable.is_empty() {
            let name = String::from_utf8_lossy(variable);
            return match (
                current.frames.contains_key(&frame),
                frames::decode_variable(value),
            ) {
                (true, Ok(_)) => Ok(()),
                (false, _) => Err(format!("the variable '{name}' has no frame")),
                (_, Err(error)) => Err(format!("the variable '{name}' cannot be read: {error}")),
            };
        }
        let machine = self.machine(&current.namespace, &record.revision.key)?;
        let given = |parent| current.frames.get(&parent).cloned().flatten();
        let found = frames::decode(value, &machine, &record.known(), given)
            .map_err(|error| format!("frame {} cannot be read: {error}", frame.0))?;
        if found
            .parent
            .is_some_and(|parent| !current.frames.contains_key(&parent.frame))
        {
            return Err(format!("frame {} has no parent", frame.0));
        }
        let gives = match found.phase {
            Phase::Children(children) => Some(children.effective.clone()),
            _ => None,
        };
        current.frames.insert(frame, gives);
        Ok(())
    }

    fn ended(&self, current: &Current) -> Result<(), Wrong> {
        let Some(record) = &current.record else {
            return Ok(());
        };
        let is_open = record.status == Status::Running;
        if current.table == Table::Remains {
            return match is_open && current.has_header {
                true => Err("it is open, but has remains for a redrive".into()),
                false => Ok(()),
            };
        }
        if current.table == Table::Frame {
            return match (is_open, current.has_header) {
                (true, true) if !self.namespaces.contains(&current.namespace) => {
                    Err("its account and region are not registered: it would not be resumed".into())
                }
                (true, true) => Ok(()),
                (true, false) => Err("its checkpoint has no header".into()),
                (false, _) => Err("it has ended, but has a checkpoint".into()),
            };
        }
        let last = current.next_event - 1;
        if !is_open {
            return match current.is_ended {
                true => Ok(()),
                false => Err(format!(
                    "its history ends with event {last}, before its end"
                )),
            };
        }
        match self.header(&current.namespace, current.id)? {
            Some(header) if header.last_event == last => Ok(()),
            Some(header) => Err(format!(
                "its history ends with event {last}, but its checkpoint was made after event {}",
                header.last_event
            )),
            // That is told where its record is looked at.
            None => Ok(()),
        }
    }

    fn header(&self, namespace: &Namespace, id: ExecutionId) -> Result<Option<Header>, Wrong> {
        let key = namespace.table(Table::Frame).u128(id.0).u32(0).build();
        let row = self.get(&key)?;
        row.map(|row| Header::decode(&row).map_err(|error| error.to_string()))
            .transpose()
    }

    /// A control-plane record: JSON behind a version.
    fn record(
        &self,
        namespace: &Namespace,
        rest: &[u8],
        value: &[u8],
    ) -> Result<(), (String, Wrong)> {
        let name = rest.strip_suffix(b"\0").unwrap_or(rest);
        let affected = format!(
            "record {} of account {}",
            name.escape_ascii().to_string().replace("\\x00", "/"),
            namespace.account()
        );
        self.record_itself(namespace, rest, value)
            .map_err(|what| (affected, what))
    }

    fn record_itself(&self, namespace: &Namespace, rest: &[u8], value: &[u8]) -> Result<(), Wrong> {
        let json = match value.split_first() {
            Some((&RECORD_VERSION, json)) => json,
            Some((version, _)) => {
                return Err(format!(
                    "its version is {version}, this program knows {RECORD_VERSION}"
                ));
            }
            None => return Err("it is empty".into()),
        };
        let found: Value =
            serde_json::from_slice(json).map_err(|error| format!("it is not JSON: {error}"))?;
        match rest.split(|byte| *byte == 0).next() {
            Some(b"state-machine") => match found["revision"]["key"].as_str() {
                Some(revision) => self.has_definition(namespace, revision),
                None => Err("it names no revision".into()),
            },
            Some(b"lambda-function") => self.has_code(&found),
            _ => Ok(()),
        }
    }

    fn has_definition(&self, namespace: &Namespace, revision: &str) -> Result<(), Wrong> {
        let key = namespace.table(Table::Definition).text(revision).build();
        match self.get(&key)? {
            Some(_) => Ok(()),
            None => Err(format!(
                "the definition of its revision {revision} is missing"
            )),
        }
    }

    fn has_code(&self, function: &Value) -> Result<(), Wrong> {
        let account = function["arn"]
            .as_str()
            .and_then(|arn| arn.split(':').nth(4));
        let digest = function["code"]["sha256"].as_str();
        let (Some(account), Some(digest)) = (account, digest) else {
            return Err("it names no code".into());
        };
        let path = self.code.join(account).join(digest);
        match path.is_dir() {
            true => Ok(()),
            false => Err(format!("its code is missing: {}", path.display())),
        }
    }

    fn definition(&mut self, namespace: &Namespace, rest: &[u8]) -> Result<(), (String, Wrong)> {
        let revision = String::from_utf8_lossy(rest.strip_suffix(b"\0").unwrap_or(rest));
        let machine = self.machine(namespace, &Arc::from(&*revision));
        machine
            .map(drop)
            .map_err(|what| (format!("executions of revision {revision}"), what))
    }

    fn listed(
        &self,
        namespace: &Namespace,
        rest: &[u8],
        value: &[u8],
    ) -> Result<(), (String, Wrong)> {
        let Some((machine, id)) = key::listed(rest) else {
            let affected = format!("list entry {}", rest.escape_ascii());
            return Err((affected, "its key is wrong".into()));
        };
        let record = self
            .find(namespace, id)
            .map_err(|what| (format!("{} in the list of {machine}", nameless(id)), what))?;
        let what = match Listed::decode(value) {
            Ok(listed) if listed == Listed::of(&record) => return Ok(()),
            Ok(listed) if listed.status != record.status => format!(
                "it is listed as {}, but is {}",
                listed.status.as_str(),
                record.status.as_str()
            ),
            Ok(_) => "it is listed as what it is not".to_owned(),
            // A start puts it into the lists.
            Err(DecodeError::Version(_)) if value.first().is_some_and(|first| *first < 5) => {
                return Ok(());
            }
            Err(error) => format!("its list entry cannot be read: {error}"),
        };
        Err((record.facts.arn.to_string(), what))
    }

    fn named(
        &self,
        namespace: &Namespace,
        rest: &[u8],
        value: &[u8],
    ) -> Result<(), (String, Wrong)> {
        let affected = || match key::texts(rest).as_deref() {
            Some([machine, name]) => format!("execution {name} of {machine}"),
            _ => format!("name {}", rest.escape_ascii()),
        };
        let Some((id, _)) = key::execution(value) else {
            return Err((affected(), "its name refers to nothing".into()));
        };
        let found = self.find(namespace, id);
        found.map(drop).map_err(|what| (affected(), what))
    }

    /// An Express execution that would be run again.
    fn express(
        &self,
        namespace: &Namespace,
        rest: &[u8],
        value: &[u8],
    ) -> Result<(), (String, Wrong)> {
        let (_, record) = execution_row(rest, value)?;
        self.has_definition(namespace, &record.revision.key)
            .map_err(|what| (record.facts.arn.to_string(), what))
    }

    /// A task that waits for a worker belongs to an execution that is open.
    fn offered(&self, namespace: &Namespace, rest: &[u8]) -> Result<(), (String, Wrong)> {
        let affected = || format!("offered task {}", rest.escape_ascii());
        let execution =
            key::offered(rest).ok_or_else(|| (affected(), "its key is wrong".into()))?;
        let record = self
            .find(namespace, execution)
            .map_err(|what| (affected(), what))?;
        match record.status {
            Status::Running => Ok(()),
            _ => Err((affected(), "its execution has ended".into())),
        }
    }

    /// An execution's record, and whether everything that belongs to it is there.
    fn execution(
        &self,
        namespace: &Namespace,
        rest: &[u8],
        value: &[u8],
    ) -> Result<(), (String, Wrong)> {
        let (id, record) = execution_row(rest, value)?;
        self.parts(namespace, id, &record)
            .map_err(|what| (record.facts.arn.to_string(), what))
    }

    fn parts(
        &self,
        namespace: &Namespace,
        id: ExecutionId,
        record: &ExecutionRecord,
    ) -> Result<(), Wrong> {
        let facts = &record.facts;
        let name = namespace
            .table(Table::ExecutionName)
            .text(&facts.machine_name)
            .text(&facts.name)
            .build();
        let is_open = record.status == Status::Running;
        match self.get(&name)?.as_deref() {
            Some(found) if *found == id.0.to_be_bytes() => {}
            // A name may be used again once its execution has ended.
            Some(_) if !is_open => {}
            _ => return Err("it cannot be found by its name".into()),
        }
        let list = namespace
            .table(Table::ExecutionList)
            .text(record.list_name())
            .u128(id.0)
            .build();
        if self.get(&list)?.is_none() {
            return Err("it is not in the list of its machine".into());
        }
        self.has_definition(namespace, &record.revision.key)?;
        if is_open && self.header(namespace, id)?.is_none() {
            return Err(
                "it is open, but its checkpoint is missing: it would not be resumed".into(),
            );
        }
        // The history of one that has ended goes first when it is removed.
        let history = namespace.table(Table::History).u128(id.0).u64(1).build();
        match is_open && self.get(&history)?.is_none() {
            true => Err("the beginning of its history is missing".into()),
            false => Ok(()),
        }
    }

    fn find(&self, namespace: &Namespace, id: ExecutionId) -> Result<ExecutionRecord, Wrong> {
        let key = namespace.table(Table::Execution).u128(id.0).build();
        let row = self
            .get(&key)?
            .ok_or("the record of the execution is missing")?;
        records::decode(&row)
            .map_err(|error| format!("the record of the execution cannot be read: {error}"))
    }

    fn get(&self, key: &[u8]) -> Result<Option<store::Bytes>, Wrong> {
        self.view.get(key).map_err(unreadable)
    }

    fn machine(
        &mut self,
        namespace: &Namespace,
        revision: &Arc<str>,
    ) -> Result<Arc<Machine>, Wrong> {
        let key = (namespace.clone(), revision.clone());
        if let Some(machine) = self.machines.get(&key) {
            return Ok(machine.clone());
        }
        let text = runtime::definition_text(self.view, namespace, revision)
            .map_err(|error| error.to_string())?;
        let machine = asl::compile(&text, &asl::Options::default()).map_err(|diagnostics| {
            let reason = asl::invalid_definition_message(&diagnostics);
            format!("the definition does not compile: {reason}")
        })?;
        if self.machines.len() >= COMPILED {
            self.machines.clear();
        }
        let machine = Arc::new(machine);
        self.machines.insert(key, machine.clone());
        Ok(machine)
    }
}

fn execution_row(
    rest: &[u8],
    value: &[u8],
) -> Result<(ExecutionId, ExecutionRecord), (String, Wrong)> {
    let Some((id, _)) = key::execution(rest) else {
        let affected = format!("execution {}", rest.escape_ascii());
        return Err((affected, "its key is wrong".into()));
    };
    let record = records::decode(value)
        .map_err(|error| (nameless(id), format!("its record cannot be read: {error}")))?;
    Ok((id, record))
}

fn unreadable(error: store::StoreError) -> Wrong {
    format!("a row cannot be read: {error}")
}

/// A row of a map run: what a run was begun with, how it stands, or an entry without a value.
fn map_run(rest: &[u8], value: &[u8]) -> Result<(), (String, Wrong)> {
    let read = match (rest.first(), rest.last()) {
        (Some(b'r'), Some(1)) => RunRecord::decode(value).map(drop),
        _ => Ok(()),
    };
    let affected = || format!("map run {}", rest.escape_ascii());
    read.map_err(|error| (affected(), format!("its record cannot be read: {error}")))
}

fn map_run_child(rest: &[u8], value: &[u8]) -> Result<(), (String, Wrong)> {
    let affected = || format!("child {} of a map run", rest.escape_ascii());
    ChildRow::decode(value)
        .map(drop)
        .map_err(|error| (affected(), format!("its row cannot be read: {error}")))
}
