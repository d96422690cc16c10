//! Instructions that compare a position with what is around it, or with what was captured before:
//! they consume nothing of their own.

use super::super::class::folded;
use super::{Matcher, Retry, Spent, UNSET};

impl Matcher<'_> {
    pub(super) fn is_start(&self, position: usize) -> bool {
        position == 0
            || (self.regex.flags.multiline && self.one(position, true).is_some_and(ends_line))
    }

    pub(super) fn is_end(&self, position: usize) -> bool {
        position == self.text.len()
            || (self.regex.flags.multiline && self.one(position, false).is_some_and(ends_line))
    }

    pub(super) fn is_boundary(&self, position: usize) -> bool {
        let is_word = |side: Option<(char, usize)>| {
            side.is_some_and(|(one, _)| one.is_ascii_alphanumeric() || one == '_')
        };
        is_word(self.one(position, true)) != is_word(self.one(position, false))
    }

    /// The text of a capture again; of one that took no part, nothing.
    pub(super) fn reference(
        &mut self,
        group: usize,
        position: usize,
        back: bool,
    ) -> Result<Option<usize>, Spent> {
        let (start, end) = (self.slots[group * 2], self.slots[group * 2 + 1]);
        if start == UNSET || end == UNSET || start > end {
            return Ok(Some(position));
        }
        let text = self.text;
        let mut wanted = text[start..end].chars();
        let mut position = position;
        while let Some(expected) = match back {
            true => wanted.next_back(),
            false => wanted.next(),
        } {
            self.pay()?;
            let Some((found, to)) = self.one(position, back) else {
                return Ok(None);
            };
            let same = match self.regex.flags.ignore_case {
                true => folded(found) == folded(expected),
                false => found == expected,
            };
            if !same {
                return Ok(None);
            }
            position = to;
        }
        Ok(Some(position))
    }

    /// Whether what is inside a lookaround matches here (or does not, if negated). Captures made in
    /// it stay if it is not negated, but it is not tried again in another way.
    pub(super) fn look(
        &mut self,
        pc: usize,
        position: usize,
        negated: bool,
    ) -> Result<bool, Spent> {
        let base = self.stack.len();
        // Patterns are nested 100 deep at most, and so is this.
        let matched = self.run(pc, position)?.is_some();
        if negated || !matched {
            while self.stack.len() > base {
                match self.stack.pop() {
                    Some(Retry::Slot { slot, value }) => self.slots[slot] = value,
                    Some(Retry::Mark { mark, value }) => self.marks[mark] = value,
                    _ => {}
                }
            }
        } else {
            let made = self.stack.split_off(base);
            let kept = made
                .into_iter()
                .filter(|retry| matches!(retry, Retry::Slot { .. } | Retry::Mark { .. }));
            self.stack.extend(kept);
        }
        Ok(matched != negated)
    }
}

fn ends_line((character, _): (char, usize)) -> bool {
    matches!(character, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}
