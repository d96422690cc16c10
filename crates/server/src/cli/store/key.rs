//! What a key is about, read from the key alone. The layout is `runtime::keys`'.

use runtime::ExecutionId;
use runtime::keys::{GENERATION_KEY, LISTS, Namespace, REGISTRY, TOKEN_KEY, Table};

/// A key, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key<'a> {
    /// Says that a namespace holds executions.
    Registry(Namespace),
    /// What task tokens are sealed with.
    TaskTokens,
    /// Says which rows there are.
    Generation,
    /// A row of a table; what follows the table in the key.
    Row(Namespace, Table, &'a [u8]),
    /// Says how far executions of earlier versions are in the lists.
    Lists,
    /// Nothing that this program knows.
    Unknown,
}

/// All tables, in the order of their keys, with their names for people.
pub(super) const TABLES: &[(Table, &str)] = &[
    (Table::Record, "records"),
    (Table::Definition, "definitions"),
    (Table::Express, "Express executions"),
    (Table::Frame, "checkpoints"),
    (Table::Log, "logs"),
    (Table::History, "histories"),
    (Table::MapRunChild, "map run children"),
    (Table::ExecutionList, "execution lists"),
    (Table::MapRun, "map runs"),
    (Table::ExecutionName, "execution names"),
    (Table::OfferedTask, "offered activity tasks"),
    (
        Table::ExecutionIndex,
        "execution lists by version, alias and status",
    ),
    (Table::Remains, "remains for redrives"),
    (Table::Execution, "executions"),
];

impl Key<'_> {
    /// Takes a key apart.
    pub(super) fn parse(key: &[u8]) -> Key<'_> {
        if key == GENERATION_KEY {
            return Key::Generation;
        }
        if key.starts_with(REGISTRY) {
            return Namespace::from_registry_key(key).map_or(Key::Unknown, Key::Registry);
        }
        match key {
            TOKEN_KEY => Key::TaskTokens,
            LISTS => Key::Lists,
            _ => row(key).unwrap_or(Key::Unknown),
        }
    }
}

fn row(key: &[u8]) -> Option<Key<'_>> {
    let mut parts = key.splitn(3, |byte| *byte == 0);
    let account = std::str::from_utf8(parts.next()?).ok()?;
    let region = std::str::from_utf8(parts.next()?).ok()?;
    let (table, rest) = parts.next()?.split_first()?;
    let (table, _) = TABLES.iter().find(|(known, _)| *known as u8 == *table)?;
    Some(Key::Row(Namespace::new(account, region), *table, rest))
}

/// The execution at the beginning of what follows the table, and what is behind it.
pub(super) fn execution(rest: &[u8]) -> Option<(ExecutionId, &[u8])> {
    let (id, rest) = rest.split_first_chunk()?;
    Some((ExecutionId(u128::from_be_bytes(*id)), rest))
}

/// The execution in the key of an offered task: behind the activity and the time, before the event.
pub(super) fn offered(rest: &[u8]) -> Option<ExecutionId> {
    let (rest, _event) = rest.split_last_chunk::<8>()?;
    let (_, id) = rest.split_last_chunk()?;
    Some(ExecutionId(u128::from_be_bytes(*id)))
}

/// The execution at the end of a list's key, and the machine's name at its beginning.
pub(super) fn listed(rest: &[u8]) -> Option<(&str, ExecutionId)> {
    let (list, id) = rest.split_last_chunk()?;
    let machine = list.split(|byte| *byte == 0).next()?;
    let machine = std::str::from_utf8(machine).ok()?;
    Some((machine, ExecutionId(u128::from_be_bytes(*id))))
}

/// The texts of a key that consists of them.
pub(super) fn texts(rest: &[u8]) -> Option<Vec<&str>> {
    let all = rest.strip_suffix(b"\0")?;
    all.split(|byte| *byte == 0)
        .map(|text| std::str::from_utf8(text).ok())
        .collect()
}
