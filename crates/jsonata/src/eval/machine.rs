//! The machine: what one evaluation may still use, and what it gets from outside.

use std::rc::Rc;
use std::sync::Arc;

use expr::Entropy;

use super::Outcome;
use super::frame::{Env, WeakEnv};
use super::function::Function;
use super::ledger::Ledger;
use crate::Limits;
use crate::error::Error;
use crate::expression::{Machinery, Scope};
use crate::functions;
use crate::regex::{Found, Fuel, Regex, Spent};
use crate::value::{Array, Item, Layout, MAX_NESTING, Made, Members, Object, Stop, equal, print};

/// Instructions of a regular expression for one step.
const INSTRUCTIONS: u64 = 8;
/// Bytes of text that are looked at or moved for one step.
const TEXT: usize = 64;
/// Items that are moved for one step.
const ITEMS: usize = 4;
/// What a text takes besides its bytes.
const TEXT_BYTES: usize = 32;
/// What an array takes, and each item in it.
const ARRAY_BYTES: usize = 64;
const ITEM_BYTES: usize = size_of::<Item>();
/// What an object takes, and each member of it: its place, its hash and its entry in the index.
const OBJECT_BYTES: usize = 192;
const MEMBER_BYTES: usize = ITEM_BYTES + 40;
/// The same of a JSON value, whose large objects have an index with the keys again.
const VALUE_BYTES: usize = size_of::<expr::Value>();
const VALUE_MEMBER_BYTES: usize = VALUE_BYTES + 64;

/// See the module.
pub(crate) struct Machine<'m> {
    scope: &'m dyn Scope,
    pub(crate) entropy: &'m mut dyn Entropy,
    pub(crate) now_millis: i64,
    pub(crate) limits: Limits,
    steps: u64,
    bytes: usize,
    depth: u32,
    slots: &'m [Arc<str>],
    /// `$$`
    root: Item,
    /// Frames in which functions were bound.
    noted: Vec<WeakEnv>,
    ledger: Ledger,
}

impl<'m> Machine<'m> {
    pub(super) fn new(
        scope: &'m dyn Scope,
        machinery: &'m mut Machinery<'_>,
        slots: &'m [Arc<str>],
        root: Item,
    ) -> Machine<'m> {
        Machine {
            scope,
            entropy: &mut *machinery.entropy,
            now_millis: machinery.now_millis,
            limits: machinery.limits.clone(),
            steps: machinery.limits.steps,
            bytes: machinery.limits.bytes,
            depth: 0,
            slots,
            root,
            noted: Vec::new(),
            ledger: Ledger::default(),
        }
    }

    /// The steps and bytes that are left.
    pub(super) fn left(&self) -> (u64, usize) {
        (self.steps, self.bytes)
    }

    /// Breaks the cycles of functions that were bound in the frame they see.
    pub(super) fn release(&mut self) {
        for env in self.noted.drain(..) {
            env.clear();
        }
        self.collect();
    }

    /// Pays for work.
    pub(crate) fn work(&mut self, steps: u64) -> Outcome<()> {
        match self.steps.checked_sub(steps) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => {
                self.steps = 0;
                Err(Error::of("U1002"))
            }
        }
    }

    /// Pays for memory. When there is too little, what nobody needs any more is looked for.
    pub(crate) fn memory(&mut self, bytes: usize) -> Outcome<()> {
        if bytes > self.bytes && self.ledger.len() > 0 {
            self.work((self.ledger.len() / ITEMS) as u64 + 1)?;
            self.collect();
        }
        match self.bytes.checked_sub(bytes) {
            Some(left) => {
                self.bytes = left;
                Ok(())
            }
            None => Err(Error::of("U1003")),
        }
    }

    /// Takes back what was paid for memory that is free again.
    pub(crate) fn refund(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes).min(self.limits.bytes);
    }

    /// Takes back what was paid for items.
    pub(crate) fn refund_items(&mut self, items: usize) {
        self.refund(items.saturating_mul(ITEM_BYTES));
    }

    fn collect(&mut self) {
        let freed = self.ledger.sweep();
        self.refund(freed);
    }

    /// Notes a result that was paid for, to give that back when nobody holds it any more.
    fn note(&mut self, item: Item, bytes: usize) -> Item {
        if self.ledger.note(&item, bytes) {
            self.collect();
        }
        item
    }

    /// Pays for looking at a text.
    pub(crate) fn read(&mut self, bytes: usize) -> Outcome<()> {
        self.work((bytes / TEXT) as u64 + 1)
    }

    /// Pays for looking at items.
    pub(crate) fn visit(&mut self, items: usize) -> Outcome<()> {
        self.work((items / ITEMS) as u64 + 1)
    }

    /// Pays for a text that is about to be made.
    pub(crate) fn make_text(&mut self, bytes: usize) -> Outcome<()> {
        self.memory(bytes)?;
        self.read(bytes)
    }

    /// Pays for items that are about to be kept.
    pub(crate) fn make_items(&mut self, items: usize) -> Outcome<()> {
        self.memory(items.saturating_mul(ITEM_BYTES))?;
        self.visit(items)
    }

    /// Pays for finding a key in an object, or for putting it there.
    pub(crate) fn hash_key(&mut self, key: &str) -> Outcome<()> {
        self.work((key.len() / TEXT) as u64)
    }

    /// Pays for putting the keys of an object into another.
    pub(crate) fn hash_keys(&mut self, object: &Object) -> Outcome<()> {
        self.visit(object.len())?;
        self.work((object.key_bytes() / TEXT) as u64)
    }

    /// Pays for a part of the answer.
    pub(super) fn make_values(&mut self, made: Made) -> Outcome<()> {
        let (bytes, count) = match made {
            Made::Array(items) => (items.saturating_mul(VALUE_BYTES), items),
            Made::Object(members) => (members.saturating_mul(VALUE_MEMBER_BYTES), members),
        };
        self.memory(bytes.saturating_add(ARRAY_BYTES))?;
        self.visit(count)
    }

    /// Pays for members that are about to be put into an object.
    pub(crate) fn make_members(&mut self, members: usize) -> Outcome<()> {
        self.memory(members.saturating_mul(MEMBER_BYTES))?;
        self.visit(members)
    }

    /// Takes back what was paid for members.
    pub(crate) fn refund_members(&mut self, members: usize) {
        self.refund(members.saturating_mul(MEMBER_BYTES));
    }

    pub(super) fn enter(&mut self) -> Outcome<()> {
        self.work(1)?;
        if self.depth >= self.limits.depth {
            return Err(Error::of("U1001"));
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// A string, paid for.
    pub(crate) fn text(&mut self, text: impl Into<Arc<str>> + AsRef<str>) -> Outcome {
        let bytes = text.as_ref().len() + TEXT_BYTES;
        self.make_text(bytes)?;
        Ok(self.note(Item::string(text), bytes))
    }

    /// A string whose length was paid for with [`Machine::make_text`].
    pub(crate) fn paid_text(&mut self, text: impl Into<Arc<str>> + AsRef<str>) -> Outcome {
        let bytes = text.as_ref().len();
        self.memory(TEXT_BYTES)?;
        Ok(self.note(Item::string(text), bytes))
    }

    /// An array, paid for.
    pub(crate) fn array(&mut self, items: Vec<Item>) -> Outcome<Array> {
        let bytes = ARRAY_BYTES + items.capacity() * ITEM_BYTES;
        self.memory(bytes)?;
        self.visit(items.len())?;
        let array = Array::own(items);
        self.nested(array.nesting())?;
        if self.ledger.note(&Item::Array(array.clone()), bytes) {
            self.collect();
        }
        Ok(array)
    }

    /// A sequence, paid for.
    pub(crate) fn sequence(&mut self, items: Vec<Item>) -> Outcome {
        Ok(Item::Array(self.array(items)?.into_sequence()))
    }

    /// An object, paid for.
    pub(crate) fn object(&mut self, members: Members) -> Outcome {
        let bytes = OBJECT_BYTES + members.capacity() * MEMBER_BYTES;
        self.memory(bytes)?;
        self.visit(members.len())?;
        let object = Object::own(members);
        self.nested(object.nesting())?;
        Ok(self.note(Item::Object(object), bytes))
    }

    fn nested(&self, levels: u16) -> Outcome<()> {
        if levels > MAX_NESTING {
            return Err(Error::of("U1004"));
        }
        Ok(())
    }

    /// A function, paid for.
    pub(crate) fn function(&mut self, function: Function) -> Outcome {
        self.memory(128)?;
        Ok(Item::Function(Rc::new(function)))
    }

    /// A frame, paid for.
    pub(super) fn frame(&mut self, outer: &Env, bindings: Vec<(Arc<str>, Item)>) -> Outcome<Env> {
        self.memory(32)?;
        self.visit(bindings.len())?;
        Ok(outer.inside(bindings))
    }

    /// Sets a variable.
    pub(super) fn bind(&mut self, env: &Env, name: &Arc<str>, item: Item) -> Outcome<()> {
        if item.holds_function()
            && let Some(noted) = env.note()
        {
            self.memory(64)?;
            self.noted.push(noted);
        }
        let compared = env.bind(name, item);
        self.memory(ITEM_BYTES)?;
        self.work(compared / 16)
    }

    /// The value of a variable that the expression binds.
    pub(super) fn find(&mut self, env: &Env, name: &Arc<str>) -> Outcome<Option<Item>> {
        let (found, compared) = env.find(name);
        self.work(compared / 16)?;
        Ok(found)
    }

    /// The value of a variable that the caller binds, or a built-in function.
    pub(super) fn outer_variable(&self, name: &str) -> Item {
        if name == "$" {
            return self.root.clone();
        }
        if let Some(value) = self.scope.variable(name) {
            return Item::from(&value);
        }
        match functions::find(name) {
            Some(builtin) => Item::Function(Rc::new(Function::Builtin(builtin))),
            None => Item::Undefined,
        }
    }

    pub(super) fn slot(&self, slot: usize) -> Arc<str> {
        self.slots[slot].clone()
    }

    /// Deep equality, paid for.
    pub(crate) fn equal(&mut self, a: &Item, b: &Item) -> Outcome<bool> {
        let mut compared = 0_u64;
        let steps = self.steps;
        let mut visit = |bytes: usize| {
            compared += 1 + (bytes / TEXT) as u64;
            if compared > steps { Err(()) } else { Ok(()) }
        };
        let same = equal(a, b, &mut visit);
        self.work(compared)?;
        same.map_err(|()| Error::of("U1002"))
    }

    /// What `$string` makes of a value, paid for.
    pub(crate) fn print(&mut self, item: &Item, layout: Layout) -> Outcome<Arc<str>> {
        match item {
            Item::String(text) => return Ok(text.clone()),
            Item::Function(_) => return Ok("".into()),
            _ => {}
        }
        let affordable = usize::try_from(self.steps)
            .unwrap_or(usize::MAX)
            .saturating_mul(ITEMS);
        let text = print(item, layout, self.bytes.min(affordable)).map_err(|stop| match stop {
            Stop::TooLong => Error::of("U1003"),
            Stop::NotFinite => Error::of("D3001"),
            Stop::OutOfRange => Error::with("D1001", &[("value", "null")]),
        })?;
        self.visit(text.len())?;
        match self.text(text)? {
            Item::String(text) => Ok(text),
            _ => Ok("".into()),
        }
    }

    /// The next match of a regular expression, paid for.
    pub(crate) fn find_match(
        &mut self,
        regex: &Regex,
        text: &str,
        from: usize,
    ) -> Outcome<Option<Found>> {
        let before = self.steps.saturating_mul(INSTRUCTIONS);
        let mut fuel = Fuel {
            instructions: before,
            bytes: self.bytes,
        };
        let found = regex.find(text, from, &mut fuel);
        self.work((before - fuel.instructions) / INSTRUCTIONS + 1)?;
        found.map_err(|spent| match spent {
            Spent::Instructions => Error::of("U1002"),
            Spent::Bytes => Error::of("U1003"),
        })
    }

    /// The number, unless it is infinite.
    pub(crate) fn number(&self, item: &Item) -> Outcome<Option<f64>> {
        match item.as_f64() {
            Some(number) if number.is_infinite() => Err(Error::with("D1001", &[("value", "null")])),
            Some(number) if number.is_nan() => Ok(None),
            other => Ok(other),
        }
    }
}
