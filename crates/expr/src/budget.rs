//! How much one evaluation may do. Counted in work and bytes, never in time, so that the same
//! evaluation always ends the same way.

use std::cell::Cell;

use crate::Roots;

/// What an evaluation may still use.
#[derive(Debug)]
pub(crate) struct Budget {
    visits: usize,
    bytes: usize,
}

/// The budget is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spent;

impl Budget {
    /// Values that may be looked at by indefinite paths. A payload of 256 KiB holds about 130,000.
    pub(crate) const VISITS: usize = 4_000_000;
    /// Memory that results may take, roughly. A payload may have 256 KiB.
    pub(crate) const BYTES: usize = 64 * 1024 * 1024;
    /// What an item of an array or object counts, at least.
    const ITEM: usize = 24;

    /// What an evaluation over these roots may do.
    pub(crate) fn of(roots: &dyn Roots) -> Budget {
        let left = roots.allowance().map_or(Budget::VISITS, Allowance::left);
        Budget {
            visits: Budget::VISITS.min(left),
            bytes: Budget::BYTES.min(left.saturating_mul(Allowance::BYTES_OF_A_VISIT)),
        }
    }

    /// The evaluation is over: what it did, of what it was given at first, is taken from its roots' allowance.
    pub(crate) fn settle(self, roots: &dyn Roots) {
        let Some(allowance) = roots.allowance() else {
            return;
        };
        let given = Budget::of(roots);
        let bytes = given.bytes.saturating_sub(self.bytes);
        allowance.spend(given.visits.saturating_sub(self.visits));
        allowance.spend(bytes / Allowance::BYTES_OF_A_VISIT);
    }

    /// Pays for looking at values.
    pub(crate) fn visit(&mut self, values: usize) -> Result<(), Spent> {
        self.visits = self.visits.checked_sub(values).ok_or(Spent)?;
        Ok(())
    }

    /// Pays for a text.
    pub(crate) fn text(&mut self, bytes: usize) -> Result<(), Spent> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(Spent)?;
        Ok(())
    }

    /// Pays for the items of a container.
    pub(crate) fn items(&mut self, items: usize) -> Result<(), Spent> {
        self.text(items.saturating_mul(Budget::ITEM))
    }

    /// How long a text may still be.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Default for Budget {
    fn default() -> Budget {
        Budget {
            visits: Budget::VISITS,
            bytes: Budget::BYTES,
        }
    }
}

/// What the evaluations that share it may do together, in visits of values: an evaluation has a budget of its own as long
/// as this lasts, then only definite paths and constants are left to it.
#[derive(Debug)]
pub struct Allowance {
    left: Cell<usize>,
}

impl Allowance {
    /// As much as eight evaluations: what the iterations of a Map that start together need for the largest payloads.
    const VISITS: usize = 8 * Budget::VISITS;
    /// Bytes of results that cost as much as a visit.
    const BYTES_OF_A_VISIT: usize = 64;

    /// How many visits were paid so far.
    pub fn spent(&self) -> u64 {
        (Allowance::VISITS - self.left.get()) as u64
    }

    fn left(&self) -> usize {
        self.left.get()
    }

    pub(crate) fn spend(&self, visits: usize) {
        self.left.set(self.left.get().saturating_sub(visits));
    }
}

impl Default for Allowance {
    fn default() -> Allowance {
        Allowance {
            left: Cell::new(Allowance::VISITS),
        }
    }
}
