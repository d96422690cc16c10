//! What a Map in distributed mode adds to the definition: how its children run, where items come from, how they are
//! put together and where results go.
//!
//! Owns the types only, as `definition` does for the rest: everything in here is parsed and valid.

use std::sync::Arc;

use crate::definition::{Dynamic, Payload};

/// `ProcessorConfig` with `Mode: DISTRIBUTED`, and the fields that mean something only there.
#[derive(Clone, Debug)]
pub struct Distributed {
    /// `ExecutionType`
    pub execution_type: ExecutionType,
    /// `Label`, at most 40 characters; without one the service makes one up.
    pub label: Option<Arc<str>>,
    /// `ItemReader`; without one the items are in the state's input.
    pub reader: Option<Reader>,
    /// `ItemBatcher`
    pub batcher: Option<Batcher>,
    /// `ResultWriter`
    pub writer: Option<Writer>,
}

/// How children run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecutionType {
    /// `STANDARD`
    Standard,
    /// `EXPRESS`
    Express,
}

/// `ItemReader`
#[derive(Clone, Debug)]
pub struct Reader {
    /// `Resource`
    pub action: ReadAction,
    /// `Parameters` or `Arguments`.
    pub parameters: Option<Payload>,
    /// `ReaderConfig`
    pub config: ReaderConfig,
}

/// What an `ItemReader` asks of the object store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadAction {
    /// `s3:getObject`: the items are in an object.
    GetObject,
    /// `s3:listObjectsV2`: the objects are the items.
    ListObjects,
}

/// `ReaderConfig`
#[derive(Clone, Debug, Default)]
pub struct ReaderConfig {
    /// `InputType`
    pub input_type: Option<InputType>,
    /// `Transformation: LOAD_AND_FLATTEN`
    pub load_and_flatten: bool,
    /// `ManifestType: ATHENA_DATA`
    pub is_athena: bool,
    /// `CSVHeaders`, where `CSVHeaderLocation` is `GIVEN`.
    pub given_headers: Option<Vec<Arc<str>>>,
    /// `CSVDelimiter`, as a character.
    pub delimiter: Option<char>,
    /// `ItemsPointer`
    pub items_pointer: Option<Arc<str>>,
    /// `MaxItems` or `MaxItemsPath`.
    pub max_items: Option<Dynamic<u64>>,
}

/// `InputType`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputType {
    /// `CSV`
    Csv,
    /// `JSON`
    Json,
    /// `JSONL`
    JsonLines,
    /// `PARQUET`
    Parquet,
    /// `MANIFEST`
    Manifest,
}

/// `ItemBatcher`; at least one of the limits is there.
#[derive(Clone, Debug)]
pub struct Batcher {
    /// `MaxItemsPerBatch`
    pub max_items: Option<Dynamic<u64>>,
    /// `MaxInputBytesPerBatch`, at most 262,144.
    pub max_bytes: Option<Dynamic<u64>>,
    /// `BatchInput`
    pub input: Option<Payload>,
}

/// `ResultWriter`
#[derive(Clone, Debug)]
pub struct Writer {
    /// `Parameters` or `Arguments` of `s3:putObject`; none: the results stay in the state's output.
    pub export: Option<Option<Payload>>,
    /// `WriterConfig`
    pub config: Option<WriterConfig>,
}

/// `WriterConfig`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterConfig {
    /// `OutputType: JSONL`
    pub lines: bool,
    /// `Transformation`
    pub transformation: Transformation,
}

/// `Transformation` of a `WriterConfig`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transformation {
    /// `NONE`: a record of every child.
    None,
    /// `COMPACT`: the outputs.
    Compact,
    /// `FLATTEN`: the outputs, those that are arrays joined.
    Flatten,
}
