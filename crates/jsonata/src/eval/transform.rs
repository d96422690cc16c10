//! The transform operator `| pattern | update, delete |`: a copy of a value with changes.

use super::frame::Env;
use super::{Machine, Outcome};
use crate::error::Error;
use crate::program::Transform;
use crate::value::{Item, MAX_NESTING, Members, Object, grow, shown};

impl Machine<'_> {
    pub(super) fn transform(&mut self, transform: &Transform, env: &Env, input: &Item) -> Outcome {
        if input.is_undefined() {
            return Ok(Item::Undefined);
        }
        let copy = self.deep_copy(input, 0)?;
        let matches = match self.eval(&transform.pattern, &copy, env)? {
            Item::Undefined => return Ok(copy),
            Item::Array(array) => self.items_of(&array)?,
            single => vec![single],
        };
        for matched in matches {
            self.update(transform, &matched, env)?;
            self.delete(transform, &matched, env)?;
        }
        self.check_depth(&copy, 0)?;
        Ok(copy)
    }

    fn update(&mut self, transform: &Transform, matched: &Item, env: &Env) -> Outcome<()> {
        let update = match self.eval(&transform.update, matched, env)? {
            Item::Undefined => return Ok(()),
            Item::Object(update) => update,
            other => return Err(Error::with("T2011", &[("value", &shown(&other))])),
        };
        let Item::Object(target) = matched else {
            return Ok(());
        };
        // Copied, since it may hold the very object that it goes into.
        let mut entries = Vec::new();
        for (key, item) in update.entries() {
            entries.push((key, self.deep_copy(&item, 0)?));
        }
        self.hash_keys(&update)?;
        self.make_members(entries.len())?;
        target.change(|members| members.extend(entries));
        Ok(())
    }

    fn delete(&mut self, transform: &Transform, matched: &Item, env: &Env) -> Outcome<()> {
        let Some(delete) = &transform.delete else {
            return Ok(());
        };
        let deletions = self.eval(delete, matched, env)?;
        let keys: Vec<Item> = match &deletions {
            Item::Undefined => return Ok(()),
            Item::Array(array) => self.items_of(array)?,
            single => vec![single.clone()],
        };
        if keys.iter().any(|key| key.as_str().is_none()) {
            return Err(Error::with("T2012", &[("value", &shown(&deletions))]));
        }
        let Item::Object(target) = matched else {
            return Ok(());
        };
        for key in keys.iter().filter_map(Item::as_str) {
            self.visit(target.len())?;
            self.hash_key(key)?;
            target.change(|members| {
                members.shift_remove(key);
            });
        }
        Ok(())
    }

    /// A copy that shares no container; functions become empty strings.
    pub(crate) fn deep_copy(&mut self, item: &Item, level: u16) -> Outcome {
        if level > MAX_NESTING {
            return Err(Error::of("U1004"));
        }
        match item {
            Item::Array(array) => {
                self.make_items(array.len())?;
                let mut items = Vec::with_capacity(array.len());
                for item in array.iter() {
                    items.push(grow(|| self.deep_copy(&item, level + 1))?);
                }
                Ok(Item::Array(self.gathered(items)?))
            }
            Item::Object(object) => {
                self.hash_keys(object)?;
                self.make_members(object.len())?;
                let mut members = Members::with_capacity(object.len());
                for (key, item) in object.entries() {
                    members.insert(key, grow(|| self.deep_copy(&item, level + 1))?);
                }
                self.refund_members(object.len());
                self.object(members)
            }
            Item::Function(_) => Ok(Item::string("")),
            Item::Tuples(_) => Ok(Item::Undefined),
            scalar => Ok(scalar.clone()),
        }
    }

    /// Updates may have nested values deeper than their containers know.
    fn check_depth(&mut self, item: &Item, level: u16) -> Outcome<()> {
        if level > MAX_NESTING {
            return Err(Error::of("U1004"));
        }
        match item {
            Item::Array(array) => {
                self.visit(array.len())?;
                array
                    .iter()
                    .try_for_each(|item| grow(|| self.check_depth(&item, level + 1)))
            }
            Item::Object(object @ Object::Own(_)) => {
                self.visit(object.len())?;
                let mut entries = object.entries().into_iter();
                entries.try_for_each(|(_, item)| grow(|| self.check_depth(&item, level + 1)))
            }
            _ => Ok(()),
        }
    }
}
