//! The rows of a store that is only looked at.

use super::Lost;
use super::scratch::Scratch;
use crate::completion::run;
use crate::embedded::index::Index;
use crate::{Bytes, Completion, KeyRange, Order, Stats, Store, StoreError, Transaction};

/// Rows as an opening of the store would find them; read only.
pub struct View {
    index: Index,
    /// Where rows cannot be read: after the first key and before the second.
    gaps: Vec<(Option<Bytes>, Option<Bytes>)>,
    /// Removed after the index was dropped.
    _scratch: Scratch,
}

impl View {
    pub(super) fn new(index: Index, scratch: Scratch, lost: impl Iterator<Item = Lost>) -> View {
        let gaps = lost.filter_map(|lost| match lost {
            Lost::Keys(after, before) => Some((after, before)),
            _ => None,
        });
        View {
            index,
            gaps: gaps.collect(),
            _scratch: scratch,
        }
    }

    /// Hands the rows of a range to `visit`, in order, one at a time, until it answers false. What is damaged is skipped,
    /// and up to a few rows before it, since the tree reads ahead: true if nothing was.
    pub fn for_each(
        &self,
        range: KeyRange,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<bool, StoreError> {
        let mut range = range;
        let mut is_whole = true;
        loop {
            let mut last = Bytes::copy_from_slice(range.start());
            let read = self.index.for_each(&range, &mut |key, value| {
                last = Bytes::copy_from_slice(key);
                visit(key, value)
            });
            let Err(error) = read else {
                return Ok(is_whole);
            };
            is_whole = false;
            match self.behind_the_gap(&last) {
                Some(Some(next)) => range = range.starting_at(next),
                Some(None) => return Ok(is_whole),
                None => return Err(error),
            }
        }
    }

    /// Where rows can be read again after `reached`: `Some(None)` if nowhere, `None` if no gap is known there.
    fn behind_the_gap(&self, reached: &Bytes) -> Option<Option<Bytes>> {
        let behind = |(_, before): &&(Option<Bytes>, Option<Bytes>)| {
            before.as_ref().is_none_or(|before| before > reached)
        };
        let nearest = self.gaps.iter().filter(behind).min_by(|a, b| a.0.cmp(&b.0));
        nearest.map(|(_, before)| before.clone())
    }
}

impl Store for View {
    fn submit(&self, _: Transaction, done: Completion) {
        run(done, Err(StoreError::stopped("it is only being looked at")));
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.index.get(key)
    }

    fn scan(
        &self,
        range: KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        self.index.scan(&range, order, limit)
    }

    fn stats(&self) -> Stats {
        Stats::default()
    }

    fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
