//! What a map run's children came to, as files: one sequence for those that succeeded, one for the others, and a manifest
//! that names them (spec asl.md, ResultWriter). Read and written piece by piece, so that memory does not grow with them.

use asl::distributed::{Transformation, WriterConfig};
use engine::event::Failure;
use expr::json::{Document, Value};
use store::Store;

use super::child::ChildRow;
use super::{RunId, results, rows};
use crate::error::RuntimeError;
use crate::keys::Namespace;
use crate::ports::{Objects, ResultFile};
use crate::record::Status;

/// Bytes of a file, about, after which another one is begun.
const FILE_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// What is exported.
pub(super) struct Export<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) objects: &'a dyn Objects,
    pub(super) namespace: &'a Namespace,
    pub(super) run: RunId,
    pub(super) arn: &'a str,
    pub(super) uuid: &'a str,
    /// Of the `ResultWriter`.
    pub(super) parameters: &'a Document,
    pub(super) config: WriterConfig,
}

/// Which children a class of files is for.
type Takes = fn(Status) -> bool;
type Exported = Result<Result<Document, Failure>, RuntimeError>;

/// Writes everything; what stays in the state's output is where it is.
pub(super) async fn export(export: Export<'_>) -> Exported {
    let mut files = Vec::new();
    for (class, takes) in CLASSES {
        match export.class(class, takes).await? {
            Ok(written) => files.push((class.into(), Value::array(written))),
            Err(failure) => return Ok(Err(failure)),
        }
    }
    files.insert(1, ("PENDING".into(), Value::array(Vec::new())));
    let text = |name: &str| {
        let value = export.parameters.value().get(name);
        value.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let manifest = Value::object([
        ("DestinationBucket".into(), Value::string(text("Bucket"))),
        ("MapRunArn".into(), Value::string(export.arn)),
        ("ResultFiles".into(), Value::object(files)),
    ]);
    let name = format!("{}/manifest.json", export.uuid);
    let written = async {
        let mut file = export.create(&name)?;
        file.write(&manifest.to_text()).await?;
        file.finish().await
    };
    if let Err(failure) = written.await {
        return Ok(Err(failure));
    }
    let details = Value::object([
        ("Bucket".into(), Value::string(text("Bucket"))),
        ("Key".into(), Value::string(key(&text("Prefix"), &name))),
    ]);
    Ok(Ok(Document::from_value(Value::object([
        ("MapRunArn".into(), Value::string(export.arn)),
        ("ResultWriterDetails".into(), details),
    ]))))
}

/// The classes of files, in the manifest's order, and whose results are in them.
const CLASSES: [(&str, Takes); 2] = [
    ("FAILED", |status| status != Status::Succeeded),
    ("SUCCEEDED", |status| status == Status::Succeeded),
];

/// Below the prefix, which may end with a slash.
fn key(prefix: &str, name: &str) -> String {
    match prefix.trim_end_matches('/') {
        "" => name.to_owned(),
        prefix => format!("{prefix}/{name}"),
    }
}

impl Export<'_> {
    fn create(&self, name: &str) -> Result<Box<dyn ResultFile>, Failure> {
        self.objects.create(self.namespace, self.parameters, name)
    }

    /// The files of a class, as the manifest shows them.
    async fn class(
        &self,
        class: &str,
        takes: Takes,
    ) -> Result<Result<Vec<Value>, Failure>, RuntimeError> {
        let mut files = Files {
            export: self,
            class,
            open: None,
            written: Vec::new(),
        };
        let mut from = 0;
        loop {
            let page = rows::children(self.store, self.namespace, self.run, from, results::PAGE)?;
            let Some((last, _)) = page.last() else {
                break;
            };
            from = last + 1;
            for (_, child) in page {
                if !matches!(child, ChildRow::Started { status, .. } if takes(status)) {
                    continue;
                }
                let Some(record) = results::record_of(self.store, self.namespace, &child)? else {
                    continue;
                };
                let transformation = match record.status {
                    Status::Succeeded => self.config.transformation,
                    _ => Transformation::None,
                };
                let mut values = Vec::new();
                results::add(&record, transformation, &mut values);
                for value in values {
                    if let Err(failure) = files.add(&value).await {
                        return Ok(Err(failure));
                    }
                }
            }
        }
        Ok(match files.close().await {
            Ok(()) => Ok(files.written),
            Err(failure) => Err(failure),
        })
    }
}

/// The files of a class under construction.
struct Files<'a> {
    export: &'a Export<'a>,
    class: &'a str,
    open: Option<Open>,
    written: Vec<Value>,
}

struct Open {
    file: Box<dyn ResultFile>,
    name: String,
    bytes: u64,
}

impl Files<'_> {
    async fn add(&mut self, value: &Value) -> Result<(), Failure> {
        let lines = self.export.config.lines;
        let is_first = self.open.is_none();
        if is_first {
            let end = if lines { "jsonl" } else { "json" };
            let number = self.written.len();
            let name = format!("{}/{}_{number}.{end}", self.export.uuid, self.class);
            let file = self.export.create(&name)?;
            self.open = Some(Open {
                file,
                name,
                bytes: 0,
            });
        }
        let before = match (lines, is_first) {
            (true, true) => "",
            (true, false) => "\n",
            (false, true) => "[",
            (false, false) => ",",
        };
        self.write(&format!("{before}{}", value.to_text())).await?;
        let is_full = |open: &Open| open.bytes > FILE_BYTES;
        match self.open.as_ref().is_some_and(is_full) {
            true => self.close().await,
            false => Ok(()),
        }
    }

    async fn write(&mut self, text: &str) -> Result<(), Failure> {
        if let Some(open) = &mut self.open {
            open.bytes += text.len() as u64;
            open.file.write(text).await?;
        }
        Ok(())
    }

    async fn close(&mut self) -> Result<(), Failure> {
        if !self.export.config.lines {
            self.write("]").await?;
        }
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        open.file.finish().await?;
        let prefix = self.export.parameters.value().get("Prefix");
        let prefix = prefix.and_then(Value::as_str).unwrap_or_default();
        let size = i64::try_from(open.bytes).unwrap_or(i64::MAX);
        self.written.push(Value::object([
            ("Key".into(), Value::string(key(prefix, &open.name))),
            ("Size".into(), Value::int(size)),
        ]));
        Ok(())
    }
}
