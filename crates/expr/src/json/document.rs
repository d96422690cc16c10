//! A shared JSON document: text and tree behind one handle.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::{ParseError, Value, parse};

/// An immutable JSON document. A clone is one reference count.
///
/// It holds the text, the tree, or both: the missing one is made when somebody first asks for it, so
/// a document that is only passed on is neither parsed nor printed. A document made from text keeps
/// that text byte for byte, white space too.
#[derive(Clone)]
pub struct Document(Arc<Parts>);

/// Invariant: at least one of the two is set.
struct Parts {
    text: OnceLock<Arc<str>>,
    value: OnceLock<Value>,
}

impl Document {
    /// Checks and keeps a text.
    pub fn parse(text: impl Into<Arc<str>>) -> Result<Document, ParseError> {
        let text = text.into();
        let value = parse(&text)?;
        Ok(Document::of(Some(text), Some(value)))
    }

    /// From a value; printed compactly when its text is first asked for.
    pub fn from_value(value: Value) -> Document {
        Document::of(None, Some(value))
    }

    /// From a text that is known to be JSON, because we wrote it or checked it before; parsed when
    /// first looked into. Looking into one that is not JSON panics.
    pub fn trusted(text: Arc<str>) -> Document {
        Document::of(Some(text), None)
    }

    fn of(text: Option<Arc<str>>, value: Option<Value>) -> Document {
        Document(Arc::new(Parts {
            text: once(text),
            value: once(value),
        }))
    }

    /// The JSON text.
    pub fn text(&self) -> &str {
        self.shared_text()
    }

    /// The JSON text, shared.
    pub fn text_arc(&self) -> Arc<str> {
        self.shared_text().clone()
    }

    /// The tree.
    pub fn value(&self) -> &Value {
        self.0.value.get_or_init(|| {
            let text = self.0.text.get().expect("a document has a text or a value");
            parse(text).expect("a trusted document is JSON")
        })
    }

    /// Whether the text has at most `bytes` bytes and the tree is nested no deeper than what can be parsed again. Never
    /// makes a text that is longer: a tree that was put together may print to far more than it takes in memory.
    pub fn fits(&self, bytes: usize) -> bool {
        match (self.0.text.get(), self.0.value.get()) {
            (Some(text), _) => text.len() <= bytes,
            (None, Some(value)) => {
                value.is_within_depth() && value.text_length_within(bytes).is_some()
            }
            (None, None) => unreachable!("a document has a text or a value"),
        }
    }

    /// Whether both handles are of one document.
    pub fn same(&self, other: &Document) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The document's address: equal for handles of one document, unique among live ones.
    pub fn id(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }

    fn shared_text(&self) -> &Arc<str> {
        self.0.text.get_or_init(|| {
            let value = self
                .0
                .value
                .get()
                .expect("a document has a text or a value");
            value.to_text().into()
        })
    }
}

fn once<T>(value: Option<T>) -> OnceLock<T> {
    value.map_or_else(OnceLock::new, OnceLock::from)
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({})", self.text())
    }
}
