//! Reading events: of a stream, forwards and backwards, and of a group, searched.

use store::{KeyRange, Order};

use super::rows::number_of;
use super::{Group, Logs, LogsError, chunk};

/// Bytes of a page's messages, unless a single one is larger.
const PAGE_BYTES: usize = 1024 * 1024;
/// What counts for an event besides its message.
const EVENT_BYTES: usize = 26;
/// Chunks that a search looks at for one page, so that one that finds nothing ends.
const SEARCHED: usize = 64;
/// Chunks read at a time.
const CHUNKS: usize = 8;

/// Where an event is within its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its chunk's number.
    pub chunk: u64,
    /// Its position in the chunk.
    pub index: u32,
}

impl Place {
    /// Before all events.
    pub const START: Place = Place { chunk: 0, index: 0 };
    /// Behind all events.
    pub const END: Place = Place {
        chunk: u64::MAX,
        index: u32::MAX,
    };

    fn next(self) -> Place {
        Place {
            index: self.index.saturating_add(1),
            ..self
        }
    }
}

/// An event that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Where it is.
    pub place: Place,
    /// Its stream.
    pub stream: String,
    /// When it happened, as its writer says.
    pub timestamp: i64,
    /// When it was taken in.
    pub ingested: i64,
    /// What happened.
    pub message: String,
}

/// The times of the events that are wanted: from, and until but not at.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// The first.
    pub from: i64,
    /// Behind the last.
    pub until: i64,
}

impl Window {
    fn has(&self, timestamp: i64) -> bool {
        (self.from..self.until).contains(&timestamp)
    }

    fn meets(&self, head: &chunk::Head) -> bool {
        head.last >= self.from && head.first < self.until
    }
}

/// Which way a stream is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the place on.
    Forward,
    /// What is before the place.
    Backward,
}

/// A page of events, oldest first.
#[derive(Debug)]
pub struct Page {
    /// Events.
    pub events: Vec<StoredEvent>,
    /// Where reading backward goes on.
    pub begin: Place,
    /// Where reading forward goes on.
    pub end: Place,
}

/// What is wanted of a group.
pub struct Search<'a> {
    /// Of these times.
    pub window: Window,
    /// Of these streams.
    pub streams: &'a dyn Fn(&str) -> bool,
    /// With these messages.
    pub messages: &'a dyn Fn(&str) -> bool,
    /// At most so many.
    pub limit: usize,
}

impl Logs {
    /// Up to `limit` events of a stream, beginning at the place.
    pub fn read(
        &self,
        group: &Group,
        stream: &str,
        window: Window,
        place: Place,
        direction: Direction,
        limit: usize,
    ) -> Result<Page, LogsError> {
        self.stream(group, stream)?.ok_or(LogsError::NoStream)?;
        let all = KeyRange::prefix(group.stream_chunks(stream));
        let (mut range, order) = match direction {
            Direction::Forward => {
                let first = group.stream_chunk(stream, place.chunk);
                (all.starting_at(first), Order::Ascending)
            }
            Direction::Backward => match place.chunk.checked_add(1) {
                Some(after) => {
                    let end = group.stream_chunk(stream, after);
                    (all.before(end), Order::Descending)
                }
                None => (all, Order::Descending),
            },
        };
        let is_wanted = |event: &StoredEvent| {
            window.has(event.timestamp)
                && match direction {
                    Direction::Forward => event.place >= place,
                    Direction::Backward => event.place < place,
                }
        };
        let mut taken = Taken::new(limit);
        'pages: loop {
            let keys = self.store.scan(range.clone(), order, CHUNKS)?;
            let Some((last, _)) = keys.last() else {
                break;
            };
            range = match order {
                Order::Ascending => range.after(last),
                Order::Descending => range.before(last.clone()),
            };
            for (key, _) in &keys {
                let mut events = self.events(group, number_of(key)?, &window)?;
                if direction == Direction::Backward {
                    events.reverse();
                }
                for event in events.into_iter().filter(is_wanted) {
                    if !taken.take(event) {
                        break 'pages;
                    }
                }
            }
        }
        let mut events = taken.events;
        if direction == Direction::Backward {
            events.reverse();
        }
        Ok(Page {
            begin: events.first().map_or(place, |event| event.place),
            end: events.last().map_or(place, |event| event.place.next()),
            events,
        })
    }

    /// The events of a chunk; none if it is gone, or of other times.
    fn events(
        &self,
        group: &Group,
        number: u64,
        window: &Window,
    ) -> Result<Vec<StoredEvent>, LogsError> {
        match self.store.get(&group.chunk(number))? {
            Some(row) if window.meets(&chunk::head(&row)?) => stored(number, &row),
            _ => Ok(Vec::new()),
        }
    }

    /// Events of a group from a place on, and where the next page begins, if there may be more.
    pub fn search(
        &self,
        group: &Group,
        search: &Search<'_>,
        place: Place,
    ) -> Result<(Vec<StoredEvent>, Option<Place>), LogsError> {
        let mut range = KeyRange::prefix(group.chunks()).starting_at(group.chunk(place.chunk));
        let mut taken = Taken::new(search.limit);
        for _ in 0..SEARCHED / CHUNKS {
            let rows = self.store.scan(range.clone(), Order::Ascending, CHUNKS)?;
            let Some((last, _)) = rows.last() else {
                return Ok((taken.events, None));
            };
            range = range.after(last);
            for (key, row) in &rows {
                let number = number_of(key)?;
                let head = chunk::head(row)?;
                if !search.window.meets(&head) || !(search.streams)(&head.stream) {
                    continue;
                }
                for event in stored(number, row)? {
                    let at = event.place;
                    let wanted = at >= place
                        && search.window.has(event.timestamp)
                        && (search.messages)(&event.message);
                    if wanted && !taken.take(event) {
                        return Ok((taken.events, Some(at)));
                    }
                }
            }
            if rows.len() < CHUNKS {
                return Ok((taken.events, None));
            }
        }
        let next = self.store.scan(range, Order::Ascending, 1)?;
        let next = next.first().map(|(key, _)| number_of(key)).transpose()?;
        let next = next.map(|chunk| Place { chunk, index: 0 });
        Ok((taken.events, next))
    }
}

fn stored(number: u64, row: &[u8]) -> Result<Vec<StoredEvent>, LogsError> {
    let (head, events) = chunk::decode(row)?;
    let stored = events
        .into_iter()
        .zip(0..)
        .map(|(event, index)| StoredEvent {
            place: Place {
                chunk: number,
                index,
            },
            stream: head.stream.clone(),
            timestamp: event.timestamp,
            ingested: head.ingested,
            message: event.message,
        });
    Ok(stored.collect())
}

/// Events of a page under construction.
struct Taken {
    events: Vec<StoredEvent>,
    limit: usize,
    bytes: usize,
}

impl Taken {
    fn new(limit: usize) -> Taken {
        Taken {
            events: Vec::new(),
            limit,
            bytes: 0,
        }
    }

    /// Takes an event, if there is room; there is for at least one.
    fn take(&mut self, event: StoredEvent) -> bool {
        let bytes = self.bytes + event.message.len() + EVENT_BYTES;
        let is_full = self.events.len() >= self.limit || bytes > PAGE_BYTES;
        if is_full && !self.events.is_empty() {
            return false;
        }
        self.bytes = bytes;
        self.events.push(event);
        true
    }
}
