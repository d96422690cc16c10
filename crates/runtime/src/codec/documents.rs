//! Documents by reference: a payload that a row repeats, or that the execution's record holds already, is written
//! once.
//!
//! Reference 0 is the execution's input, 1 its output; both are in its record. 2 is the effective input of the Parallel
//! or Map around a frame, which is in the parent's row. From 3 on, the row's own table.

use std::collections::HashMap;
use std::sync::Arc;

use expr::json::Document;

use super::{DecodeError, Reader, Writer};

/// The documents that rows of an execution need not repeat.
#[derive(Clone, Debug)]
pub struct Known {
    /// The execution's input.
    pub input: Document,
    /// Its output, once it has one.
    pub output: Option<Document>,
    /// What the frame's parent gave its children; none for history chunks and for the root.
    pub parent: Option<Document>,
}

const INPUT: u64 = 0;
const OUTPUT: u64 = 1;
const PARENT: u64 = 2;
const OWN: u64 = 3;

/// Gives out references while a row is written.
pub struct DocumentTable<'a> {
    known: &'a Known,
    own: Vec<Document>,
    by_address: HashMap<usize, u64>,
}

impl<'a> DocumentTable<'a> {
    /// An empty table.
    pub fn new(known: &'a Known) -> DocumentTable<'a> {
        DocumentTable {
            known,
            own: Vec::new(),
            by_address: HashMap::new(),
        }
    }

    /// The reference of a document. The same handle, or the same text as the input, output or the document before,
    /// is the same reference.
    pub fn reference(&mut self, document: &Document) -> u64 {
        if document.same(&self.known.input) {
            return INPUT;
        }
        if let Some(found) = self.by_address.get(&document.id()) {
            return *found;
        }
        let reference = self.by_text(document);
        self.by_address.insert(document.id(), reference);
        reference
    }

    fn by_text(&mut self, document: &Document) -> u64 {
        let text = document.text();
        if text == self.known.input.text() {
            return INPUT;
        }
        let is =
            |known: &Option<Document>| known.as_ref().is_some_and(|known| text == known.text());
        if is(&self.known.output) {
            return OUTPUT;
        }
        if is(&self.known.parent) {
            return PARENT;
        }
        if self.own.last().is_some_and(|last| last.text() == text) {
            return OWN + self.own.len() as u64 - 1;
        }
        self.own.push(document.clone());
        OWN + self.own.len() as u64 - 1
    }

    /// Writes the table.
    pub fn write(&self, out: &mut Writer) {
        out.uint(self.own.len() as u64);
        for document in &self.own {
            out.text(document.text());
        }
    }
}

/// The documents of a row that is being read.
pub struct Documents<'a> {
    known: &'a Known,
    own: Vec<Document>,
}

impl<'a> Documents<'a> {
    /// Reads the table.
    pub fn read(known: &'a Known, reader: &mut Reader<'_>) -> Result<Documents<'a>, DecodeError> {
        let count = reader.count()?;
        let own = (0..count)
            .map(|_| reader.text().map(|text| Document::trusted(Arc::from(text))))
            .collect::<Result<_, _>>()?;
        Ok(Documents { known, own })
    }

    /// The document of the reference that comes next.
    pub fn next(&self, reader: &mut Reader<'_>) -> Result<Document, DecodeError> {
        let missing = DecodeError::Malformed("a document is referred to that is not there");
        match reader.uint()? {
            INPUT => Ok(self.known.input.clone()),
            OUTPUT => self.known.output.clone().ok_or(missing),
            PARENT => self.known.parent.clone().ok_or(missing),
            own => self.own.get((own - OWN) as usize).cloned().ok_or(missing),
        }
    }
}
