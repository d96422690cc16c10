//! How keys are laid out in the store: `account 0 region 0 table ...`.
//!
//! Every key begins with its namespace, so that one store serves many accounts and regions and a scan never crosses
//! them; the list of namespaces itself and the store's generation are the exceptions, and begin with a zero byte. Integers are big-endian, so
//! that byte order is number order.

use bytes::{BufMut, Bytes, BytesMut};

/// What registry rows begin with.
pub const REGISTRY: &[u8] = b"\0namespace\0";

/// Where the key is kept that task tokens are sealed with.
pub const TOKEN_KEY: &[u8] = b"\0task-token-key";
/// The row that says which rows are in the store.
pub const GENERATION_KEY: &[u8] = b"\0generation\0";

/// The row that says how far executions of earlier versions were put into the lists.
pub const LISTS: &[u8] = b"\0lists\0";

/// Account and region: the first part of every key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Namespace {
    account: String,
    region: String,
}

impl Namespace {
    /// Neither part may hold a zero byte; one that does is cut there.
    pub fn new(account: &str, region: &str) -> Namespace {
        let part = |text: &str| text.split('\0').next().unwrap_or_default().to_owned();
        Namespace {
            account: part(account),
            region: part(region),
        }
    }

    /// The account id.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The region; empty for what is global (IAM).
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The row that says that this namespace holds executions: a restart looks there first.
    pub fn registry_key(&self) -> Bytes {
        let mut key = BytesMut::from(REGISTRY);
        key.put_slice(self.account.as_bytes());
        key.put_u8(0);
        key.put_slice(self.region.as_bytes());
        key.freeze()
    }

    /// The namespace of a registry row.
    pub fn from_registry_key(key: &[u8]) -> Option<Namespace> {
        let text = std::str::from_utf8(key.strip_prefix(REGISTRY)?).ok()?;
        let (account, region) = text.split_once('\0')?;
        Some(Namespace::new(account, region))
    }

    /// The beginning of every key of a table.
    pub fn table(&self, table: Table) -> KeyBuilder {
        let mut key = BytesMut::with_capacity(64);
        key.put_slice(self.account.as_bytes());
        key.put_u8(0);
        key.put_slice(self.region.as_bytes());
        key.put_u8(0);
        key.put_u8(table as u8);
        KeyBuilder(key)
    }
}

/// What a key is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Table {
    /// Control-plane records: kind, 0, name parts.
    Record = b'c',
    /// Executions by id: what Describe shows.
    Execution = b'x',
    /// Execution ids by machine and name.
    ExecutionName = b'n',
    /// Executions of a machine, newest first.
    ExecutionList = b'l',
    /// Executions of a machine by version, alias and status, newest first.
    ExecutionIndex = b's',
    /// History chunks by execution and first event.
    History = b'h',
    /// Frames of open executions.
    Frame = b'f',
    /// Activity tasks that wait for a worker: activity, since when, execution, Scheduled event.
    OfferedTask = b'q',
    /// What executions that ended without success left for a redrive, as rows like those of open ones.
    Remains = b'r',
    /// Definition revisions that executions pin.
    Definition = b'd',
    /// Express executions that were acknowledged and have not ended.
    Express = b'e',
    /// What log groups hold.
    Log = b'g',
    /// Map runs.
    MapRun = b'm',
    /// The children of map runs.
    MapRunChild = b'i',
}

/// A key under construction.
#[derive(Clone, Debug)]
pub struct KeyBuilder(BytesMut);

impl KeyBuilder {
    /// Appends a text and a zero byte; a zero byte inside ends it.
    pub fn text(mut self, text: &str) -> KeyBuilder {
        self.0
            .put_slice(text.split('\0').next().unwrap_or_default().as_bytes());
        self.0.put_u8(0);
        self
    }

    /// Appends a text without an end: for prefixes.
    pub fn open_text(mut self, text: &str) -> KeyBuilder {
        self.0.put_slice(text.as_bytes());
        self
    }

    /// Appends a byte.
    pub fn byte(mut self, byte: u8) -> KeyBuilder {
        self.0.put_u8(byte);
        self
    }

    /// Appends 4 bytes.
    pub fn u32(mut self, number: u32) -> KeyBuilder {
        self.0.put_u32(number);
        self
    }

    /// Appends 8 bytes.
    pub fn u64(mut self, number: u64) -> KeyBuilder {
        self.0.put_u64(number);
        self
    }

    /// Appends 16 bytes.
    pub fn u128(mut self, number: u128) -> KeyBuilder {
        self.0.put_u128(number);
        self
    }

    /// Appends bytes as they are; only as the last part.
    pub fn raw(mut self, bytes: &[u8]) -> KeyBuilder {
        self.0.put_slice(bytes);
        self
    }

    /// The key.
    pub fn build(self) -> Bytes {
        self.0.freeze()
    }
}
