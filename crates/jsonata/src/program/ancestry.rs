//! Finds the step whose input a `%` stands for.
//!
//! Every `%` has a slot. Its level says how many steps back its parent still is; the step at which
//! it reaches 0 keeps its input under the slot's label, and the path becomes a tuple stream, which
//! carries the label along to where `%` is evaluated.

use super::node::{Kind, Node};
use crate::error::SyntaxError;

/// The slots of a program.
#[derive(Debug, Default)]
pub(super) struct Ancestry {
    slots: Vec<Slot>,
}

#[derive(Debug)]
struct Slot {
    label: usize,
    level: usize,
}

impl Ancestry {
    /// A slot for another `%`.
    pub(super) fn slot(&mut self) -> usize {
        let slot = self.slots.len();
        self.slots.push(Slot {
            label: slot,
            level: 1,
        });
        slot
    }

    /// The names of the variables that hold the parents. No variable of the language has such a name.
    pub(super) fn names(&self) -> Vec<std::sync::Arc<str>> {
        let names = self
            .slots
            .iter()
            .map(|slot| format!("!{}", slot.label).into());
        names.collect()
    }

    /// Hands the slots that `inner` seeks to `outer`.
    pub(super) fn push(&self, outer: &mut Node, inner: &Node) {
        let Some(slots) = seeking(inner) else { return };
        outer.seeking.get_or_insert_default().extend(slots);
    }

    /// Looks for the parents that a predicate seeks, beginning with the step it belongs to.
    pub(super) fn predicate(
        &mut self,
        step: &mut Node,
        predicate: &Node,
    ) -> Result<(), SyntaxError> {
        for slot in predicate.seeking.iter().flatten().copied() {
            if self.slots[slot].level == 1 {
                self.seek(step, slot)?;
            } else {
                self.slots[slot].level = self.slots[slot].level.saturating_sub(1);
            }
        }
        if predicate.seeking.is_some() {
            self.push(step, predicate);
        }
        Ok(())
    }

    /// Looks for the parents that the last step of a path seeks among the steps before it.
    pub(super) fn resolve(&mut self, path: &mut Node) -> Result<(), SyntaxError> {
        let Kind::Path(inside) = &mut path.kind else {
            return Ok(());
        };
        let steps = &mut inside.steps;
        let last = steps.len() - 1;
        let mut unresolved = Vec::new();
        for slot in seeking(&steps[last]).unwrap_or_default() {
            let mut index = last;
            while self.slots[slot].level > 0 {
                let Some(previous) = index.checked_sub(1) else {
                    unresolved.push(slot);
                    break;
                };
                index = previous;
                // Of steps in a row that bind their focus only the first counts.
                while index > 0 && steps[index].focus.is_some() && steps[index - 1].focus.is_some()
                {
                    index -= 1;
                }
                self.seek(&mut steps[index], slot)?;
            }
        }
        if !unresolved.is_empty() {
            path.seeking.get_or_insert_default().extend(unresolved);
        }
        Ok(())
    }

    fn seek(&mut self, node: &mut Node, slot: usize) -> Result<(), SyntaxError> {
        match &mut node.kind {
            Kind::Name(_) | Kind::Wildcard => {
                self.slots[slot].level = self.slots[slot].level.saturating_sub(1);
                if self.slots[slot].level == 0 {
                    if let Some(known) = node.ancestor {
                        self.slots[slot].label = self.slots[known].label;
                    }
                    node.ancestor = Some(slot);
                    node.tuple = true;
                }
            }
            Kind::Parent(_) => self.slots[slot].level += 1,
            Kind::Block { parts, .. } => {
                if let Some(last) = parts.last_mut() {
                    node.tuple = true;
                    self.seek(last, slot)?;
                }
            }
            Kind::Path(path) => {
                node.tuple = true;
                for (place, step) in path.steps.iter_mut().rev().enumerate() {
                    if place > 0 && self.slots[slot].level == 0 {
                        break;
                    }
                    self.seek(step, slot)?;
                }
            }
            _ => return Err(SyntaxError::at(node.position, "S0217", &[])),
        }
        Ok(())
    }
}

/// The slots that a node seeks a step for; `None` when there was never one.
fn seeking(node: &Node) -> Option<Vec<usize>> {
    let mut slots = node.seeking.clone();
    if let Kind::Parent(slot) = node.kind {
        slots.get_or_insert_default().push(slot);
    }
    slots
}
