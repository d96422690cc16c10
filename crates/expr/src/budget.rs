//! How much one evaluation may do. Counted in work and bytes, never in time, so that the same
//! evaluation always ends the same way.

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
