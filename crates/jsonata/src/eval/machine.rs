//! The machine: what one evaluation may still use, and what it gets from outside.

use std::rc::Rc;
use std::sync::Arc;

use expr::Entropy;

use super::Outcome;
use super::frame::{Env, WeakEnv};
use super::function::Function;
use crate::Limits;
use crate::error::Error;
use crate::expression::{Machinery, Scope};
use crate::functions;
use crate::regex::{Found, Regex};
use crate::value::{Array, Item, Layout, MAX_NESTING, Members, Object, Stop, equal, print};

/// Instructions of a regular expression for one step.
const INSTRUCTIONS: u64 = 8;
/// Bytes of text that are looked at or moved for one step.
const TEXT: usize = 64;
/// Items that are moved for one step.
const ITEMS: usize = 4;
/// What an item of an array takes, and a member of an object in addition to its key.
const ITEM_BYTES: usize = 24;
const MEMBER_BYTES: usize = 64;

/// See the module.
pub(crate) struct Machine<'m> {
    scope: &'m dyn Scope,
    pub(crate) entropy: &'m mut dyn Entropy,
    pub(crate) now_millis: i64,
    pub(crate) limits: &'m Limits,
    steps: u64,
    bytes: usize,
    depth: u32,
    slots: &'m [Arc<str>],
    /// `$$`
    root: Item,
    /// Frames in which functions were bound.
    noted: Vec<WeakEnv>,
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
            limits: machinery.limits,
            steps: machinery.limits.steps,
            bytes: machinery.limits.bytes,
            depth: 0,
            slots,
            root,
            noted: Vec::new(),
        }
    }

    /// Breaks the cycles of functions that were bound in the frame they see.
    pub(super) fn release(&mut self) {
        for env in self.noted.drain(..) {
            env.clear();
        }
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

    /// Pays for memory.
    pub(crate) fn memory(&mut self, bytes: usize) -> Outcome<()> {
        match self.bytes.checked_sub(bytes) {
            Some(left) => {
                self.bytes = left;
                Ok(())
            }
            None => Err(Error::of("U1003")),
        }
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
    pub(crate) fn text(&mut self, text: String) -> Outcome {
        self.make_text(text.len())?;
        Ok(Item::string(text))
    }

    /// An array, paid for.
    pub(crate) fn array(&mut self, items: Vec<Item>) -> Outcome<Array> {
        self.make_items(items.len())?;
        let array = Array::own(items);
        self.nested(array.nesting())?;
        Ok(array)
    }

    /// A sequence, paid for.
    pub(crate) fn sequence(&mut self, items: Vec<Item>) -> Outcome {
        Ok(Item::Array(self.array(items)?.into_sequence()))
    }

    /// An object, paid for.
    pub(crate) fn object(&mut self, members: Members) -> Outcome {
        self.memory(members.len() * MEMBER_BYTES + MEMBER_BYTES)?;
        self.visit(members.len())?;
        let object = Object::own(members);
        self.nested(object.nesting())?;
        Ok(Item::Object(object))
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
        let mut visit = || {
            compared += 1;
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
        self.make_text(text.len())?;
        self.visit(text.len())?;
        Ok(text.into())
    }

    /// The next match of a regular expression, paid for.
    pub(crate) fn find_match(
        &mut self,
        regex: &Regex,
        text: &str,
        from: usize,
    ) -> Outcome<Option<Found>> {
        let mut fuel = self.steps.saturating_mul(INSTRUCTIONS);
        let before = fuel;
        let found = regex.find(text, from, &mut fuel);
        self.work((before - fuel) / INSTRUCTIONS + 1)?;
        found.map_err(|_| Error::of("U1002"))
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
