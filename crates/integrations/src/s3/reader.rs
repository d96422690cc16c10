//! The items of an object or of a bucket's list, one after the other, each with the place behind it.
//!
//! A reader that is opened at a place goes on there; an object that was changed since is refused by the service.

use super::client::{ListRequest, Listed, ObjectName, S3Client, S3Error};
use super::csv;
use super::json::{self, Found};
use super::window::Window;

/// Why items cannot be read: the cause of `States.ItemReaderFailed`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReadError(pub String);

impl From<S3Error> for ReadError {
    fn from(error: S3Error) -> ReadError {
        ReadError(error.to_string())
    }
}

/// An item as JSON text, and the place behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextItem {
    /// JSON, not checked.
    pub json: String,
    /// Where a reader that is opened again goes on.
    pub place: Vec<u8>,
}

/// What an object holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// Rows; without headers the first row has them.
    Csv {
        /// The names of the columns.
        headers: Option<Vec<String>>,
        /// Between fields.
        delimiter: u8,
    },
    /// A value on every line.
    Lines,
    /// An array, or an object whose entries are the items; at the end of a JSON pointer.
    Json {
        /// `ItemsPointer`
        pointer: Option<String>,
    },
}

/// See the module's documentation.
#[derive(Debug)]
pub struct ItemReader(Kind);

#[derive(Debug)]
enum Kind {
    Object(Box<ObjectItems>),
    List(Box<ListItems>),
}

impl ItemReader {
    /// The items in an object, from a place on; an empty place is the beginning.
    pub fn object(
        client: S3Client,
        region: &str,
        object: ObjectName,
        format: Format,
        place: &[u8],
    ) -> ItemReader {
        let from = Place::read(place);
        let etag = from.as_ref().map(|place| place.etag.clone());
        let window = Window::new(client, region.to_owned(), object, 0, etag);
        ItemReader(Kind::Object(Box::new(ObjectItems {
            window,
            format,
            from,
            state: State::Unopened,
        })))
    }

    /// The objects of a bucket, from a place on.
    pub fn list(
        client: S3Client,
        region: &str,
        mut request: ListRequest,
        place: &[u8],
    ) -> ItemReader {
        let after = String::from_utf8_lossy(place).into_owned();
        request.start_after = Some(after).filter(|after| !after.is_empty());
        ItemReader(Kind::List(Box::new(ListItems {
            client,
            region: region.to_owned(),
            request,
            page: Vec::new().into_iter(),
            is_last: false,
        })))
    }

    /// The next item; none at the end.
    pub async fn next(&mut self) -> Result<Option<TextItem>, ReadError> {
        match &mut self.0 {
            Kind::Object(items) => items.next().await,
            Kind::List(items) => items.next().await,
        }
    }
}

#[derive(Debug)]
struct ListItems {
    client: S3Client,
    region: String,
    request: ListRequest,
    page: std::vec::IntoIter<Listed>,
    is_last: bool,
}

impl ListItems {
    async fn next(&mut self) -> Result<Option<TextItem>, ReadError> {
        loop {
            if let Some(object) = self.page.next() {
                self.request.start_after = Some(object.key.clone());
                return Ok(Some(TextItem {
                    place: object.key.clone().into_bytes(),
                    json: listed(&object),
                }));
            }
            if self.is_last {
                return Ok(None);
            }
            let page = self.client.list(&self.region, &self.request).await?;
            self.is_last = !page.is_truncated || page.objects.is_empty();
            self.page = page.objects.into_iter();
        }
    }
}

/// In the order that was recorded.
fn listed(object: &Listed) -> String {
    let modified: Option<jiff::Timestamp> = object.modified.parse().ok();
    serde_json::json!({
        "Etag": object.etag,
        "LastModified": modified.map_or(0, |at| at.as_second()),
        "Key": object.key,
        "Size": object.size,
        "StorageClass": object.storage_class,
    })
    .to_string()
}

/// Where an object's reader is: written into the cursor of a map run, so its form stays what it is.
#[derive(Clone, Debug)]
struct Place {
    offset: u64,
    /// Whether the items are an object's entries.
    entries: bool,
    etag: String,
}

impl Place {
    fn read(bytes: &[u8]) -> Option<Place> {
        let (offset, rest) = bytes.split_first_chunk::<8>()?;
        let (entries, etag) = rest.split_first()?;
        Some(Place {
            offset: u64::from_be_bytes(*offset),
            entries: *entries != 0,
            etag: String::from_utf8_lossy(etag).into_owned(),
        })
    }

    fn write(window: &Window, entries: bool) -> Vec<u8> {
        let mut bytes = window.place().to_be_bytes().to_vec();
        bytes.push(u8::from(entries));
        bytes.extend(window.etag().as_bytes());
        bytes
    }
}

#[derive(Debug)]
struct ObjectItems {
    window: Window,
    format: Format,
    /// Where it is to go on.
    from: Option<Place>,
    state: State,
}

#[derive(Debug)]
enum State {
    Unopened,
    Rows(Vec<String>),
    Lines,
    /// Of an array, or of an object's entries.
    Values {
        entries: bool,
    },
    Ended,
}

impl ObjectItems {
    async fn next(&mut self) -> Result<Option<TextItem>, ReadError> {
        if matches!(self.state, State::Unopened) {
            self.state = self.open().await?;
        }
        let json = match &self.state {
            State::Rows(_) => self.row().await?,
            State::Lines => self.line().await?,
            State::Values { entries } => {
                let entries = *entries;
                self.value(entries).await?
            }
            State::Unopened | State::Ended => None,
        };
        let Some(json) = json else {
            self.state = State::Ended;
            return Ok(None);
        };
        let entries = matches!(self.state, State::Values { entries: true });
        let place = Place::write(&self.window, entries);
        Ok(Some(TextItem { json, place }))
    }

    /// Reads what stands before the items, and goes to where it left off.
    async fn open(&mut self) -> Result<State, ReadError> {
        let state = match self.format.clone() {
            Format::Csv { headers, .. } => State::Rows(match headers {
                Some(headers) => checked(headers)?,
                None => match self.record().await? {
                    Some(headers) => checked(headers)?,
                    None => return Ok(State::Ended),
                },
            }),
            Format::Lines => State::Lines,
            Format::Json { pointer } => match &self.from {
                Some(from) => State::Values {
                    entries: from.entries,
                },
                None => self.enter(pointer.as_deref().unwrap_or_default()).await?,
            },
        };
        if let Some(from) = &self.from {
            self.window.seek(from.offset);
        }
        Ok(state)
    }

    async fn record(&mut self) -> Result<Option<Vec<String>>, ReadError> {
        let Format::Csv { delimiter, .. } = self.format else {
            return Ok(None);
        };
        loop {
            let is_at_end = self.window.is_at_end();
            match csv::record(self.window.bytes(), delimiter, is_at_end) {
                Some(record) => {
                    self.window.advance(record.used);
                    if !record.is_blank {
                        return Ok(Some(record.fields));
                    }
                }
                None if is_at_end => return Ok(None),
                None => self.window.fill().await?,
            }
        }
    }

    async fn row(&mut self) -> Result<Option<String>, ReadError> {
        let fields = self.record().await?;
        let State::Rows(headers) = &self.state else {
            return Ok(None);
        };
        Ok(fields.map(|fields| csv::item(headers, fields)))
    }

    async fn line(&mut self) -> Result<Option<String>, ReadError> {
        loop {
            let bytes = self.window.bytes();
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let end = match end {
                Some(end) => end,
                None if !self.window.is_at_end() => {
                    self.window.fill().await?;
                    continue;
                }
                None if bytes.is_empty() => return Ok(None),
                None => bytes.len(),
            };
            let line = String::from_utf8_lossy(&bytes[..end]).trim().to_owned();
            self.window.advance((end + 1).min(bytes.len()));
            if !line.is_empty() {
                return Ok(Some(line));
            }
        }
    }

    /// The first byte that is no space; none at the end.
    async fn peek(&mut self) -> Result<Option<u8>, ReadError> {
        loop {
            let space = json::space(self.window.bytes());
            self.window.advance(space);
            match self.window.bytes().first() {
                Some(byte) => return Ok(Some(*byte)),
                None if self.window.is_at_end() => return Ok(None),
                None => self.window.fill().await?,
            }
        }
    }

    /// The length of the value that comes next.
    async fn measure(&mut self) -> Result<usize, ReadError> {
        self.peek().await?;
        loop {
            match json::value(self.window.bytes(), self.window.is_at_end()) {
                Found::Value(length) => return Ok(length),
                Found::More if !self.window.is_at_end() => self.window.fill().await?,
                Found::More | Found::Nothing => return Err(malformed()),
            }
        }
    }

    async fn text(&mut self) -> Result<String, ReadError> {
        let length = self.measure().await?;
        let text = String::from_utf8_lossy(&self.window.bytes()[..length]).into_owned();
        self.window.advance(length);
        Ok(text)
    }

    /// Goes into the container that a pointer leads to.
    async fn enter(&mut self, pointer: &str) -> Result<State, ReadError> {
        for part in pointer.split('/').skip(1) {
            let part = part.replace("~1", "/").replace("~0", "~");
            self.find(&part).await?;
        }
        let entries = match self.peek().await? {
            Some(b'[') => false,
            Some(b'{') => true,
            _ => {
                return Err(ReadError(
                    "Attempting to map over non-iterable node.".to_owned(),
                ));
            }
        };
        self.window.advance(1);
        Ok(State::Values { entries })
    }

    /// Goes to the value of a member or to an item.
    async fn find(&mut self, part: &str) -> Result<(), ReadError> {
        let missing = || ReadError(format!("The ItemsPointer leads to nothing at '{part}'."));
        let is_object = match self.peek().await? {
            Some(b'{') => true,
            Some(b'[') => false,
            _ => return Err(missing()),
        };
        self.window.advance(1);
        for index in 0.. {
            if self.peek().await? == Some(b',') {
                self.window.advance(1);
            }
            if matches!(self.peek().await?, None | Some(b'}' | b']')) {
                break;
            }
            let is_it = match is_object {
                true => self.key().await? == part,
                false => part == index.to_string(),
            };
            if is_it {
                return Ok(());
            }
            let length = self.measure().await?;
            self.window.advance(length);
        }
        Err(missing())
    }

    /// A member's key, up to its value.
    async fn key(&mut self) -> Result<String, ReadError> {
        let text = self.text().await?;
        let key = serde_json::from_str(&text).map_err(|_| malformed())?;
        if self.peek().await? != Some(b':') {
            return Err(malformed());
        }
        self.window.advance(1);
        Ok(key)
    }

    async fn value(&mut self, entries: bool) -> Result<Option<String>, ReadError> {
        if self.peek().await? == Some(b',') {
            self.window.advance(1);
        }
        match self.peek().await? {
            None => Err(malformed()),
            Some(b']' | b'}') => Ok(None),
            Some(_) if entries => {
                let key = serde_json::Value::from(self.key().await?);
                let value = self.text().await?;
                Ok(Some(format!("{{\"Key\":{key},\"Value\":{value}}}")))
            }
            Some(_) => self.text().await.map(Some),
        }
    }
}

fn checked(headers: Vec<String>) -> Result<Vec<String>, ReadError> {
    let mut seen = std::collections::HashSet::new();
    match headers.iter().all(|header| seen.insert(header)) {
        true => Ok(headers),
        false => Err(ReadError(
            "CSV headers cannot contain duplicates.".to_owned(),
        )),
    }
}

fn malformed() -> ReadError {
    ReadError("The file is not valid JSON.".to_owned())
}
