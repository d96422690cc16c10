//! Runs instructions over a text, with a stack of what to try instead.

mod around;

use super::class::folded;
use super::{Instruction, Regex};

/// A match: byte positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// The captures; `None` for those that took no part.
    pub(crate) groups: Vec<Option<(usize, usize)>>,
}

/// What a search may use.
#[derive(Clone, Debug)]
pub(crate) struct Fuel {
    /// Instructions; what was used is taken off.
    pub(crate) instructions: u64,
    /// Memory while it searches.
    pub(crate) bytes: usize,
}

/// What of the budget is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spent {
    Instructions,
    Bytes,
}

/// Captures that are looked at for one instruction.
const SLOTS: usize = 8;
const UNSET: usize = usize::MAX;

pub(super) fn find(
    regex: &Regex,
    text: &str,
    from: usize,
    fuel: &mut Fuel,
) -> Result<Option<Found>, Spent> {
    let slots = (regex.groups + 1) * 2;
    let places = slots + regex.registers;
    let taken = places.saturating_mul(size_of::<usize>());
    // A stack that grows takes three times its size for a moment.
    let bytes = fuel.bytes.checked_sub(taken).ok_or(Spent::Bytes)?;
    let mut matcher = Matcher {
        regex,
        text,
        fuel,
        slots: vec![UNSET; slots],
        marks: vec![UNSET; regex.registers],
        stack: Vec::new(),
        most: bytes / (3 * size_of::<Retry>()),
    };
    matcher.pay_for(places)?;
    let first = matcher.first_char();
    let mut start = from;
    loop {
        let here = text[start..].chars().next();
        let plausible = match first {
            Some(first) => here == Some(first),
            None => true,
        };
        matcher.pay()?;
        if plausible {
            matcher.stack.clear();
            matcher.pay_for(slots)?;
            matcher.slots.fill(UNSET);
            if matcher.run(0, start)?.is_some() {
                return Ok(Some(matcher.found()));
            }
        }
        match here {
            Some(character) => start += character.len_utf8(),
            None => return Ok(None),
        }
    }
}

/// What to do when the current attempt fails.
enum Retry {
    /// Go on there.
    Branch { pc: usize, position: usize },
    /// Set a capture back, and try further.
    Slot { slot: usize, value: usize },
    /// Set a mark back, and try further.
    Mark { mark: usize, value: usize },
    /// A greedy run may give back down to `limit`.
    Shorter {
        pc: usize,
        position: usize,
        limit: usize,
        back: bool,
    },
    /// A lazy run may take one more.
    Longer {
        pc: usize,
        position: usize,
        left: u32,
    },
}

struct Matcher<'m> {
    regex: &'m Regex,
    text: &'m str,
    fuel: &'m mut Fuel,
    slots: Vec<usize>,
    marks: Vec<usize>,
    stack: Vec<Retry>,
    /// What may be waiting to be tried.
    most: usize,
}

impl Matcher<'_> {
    fn pay(&mut self) -> Result<(), Spent> {
        self.spend(1)
    }

    /// Pays for looking at captures.
    fn pay_for(&mut self, slots: usize) -> Result<(), Spent> {
        self.spend((slots / SLOTS) as u64)
    }

    fn spend(&mut self, instructions: u64) -> Result<(), Spent> {
        let left = self.fuel.instructions.checked_sub(instructions);
        self.fuel.instructions = left.ok_or(Spent::Instructions)?;
        Ok(())
    }

    /// The character every match begins with, if there is one.
    fn first_char(&self) -> Option<char> {
        match self.regex.program.get(1) {
            Some(Instruction::Char { expected, .. }) if !self.regex.flags.ignore_case => {
                Some(*expected)
            }
            _ => None,
        }
    }

    fn found(&self) -> Found {
        let group = |pair: &[usize]| match pair {
            [start, end] if *start != UNSET && *end != UNSET => Some((*start, *end)),
            _ => None,
        };
        Found {
            start: self.slots[0],
            end: self.slots[1],
            groups: self.slots.chunks(2).skip(1).map(group).collect(),
        }
    }

    fn push(&mut self, retry: Retry) -> Result<(), Spent> {
        if self.stack.len() >= self.most {
            return Err(Spent::Bytes);
        }
        self.stack.push(retry);
        Ok(())
    }

    /// Runs from an instruction up to `Accept`; the position there, or `None` when nothing matches.
    /// What it leaves on the stack can be tried again.
    fn run(&mut self, mut pc: usize, mut position: usize) -> Result<Option<usize>, Spent> {
        let base = self.stack.len();
        loop {
            self.pay()?;
            if matches!(self.regex.program[pc], Instruction::Accept) {
                return Ok(Some(position));
            }
            match self.step(pc, position)? {
                Some(next) => (pc, position) = next,
                None => match self.retry(base)? {
                    Some(next) => (pc, position) = next,
                    None => return Ok(None),
                },
            }
        }
    }

    /// Carries out one instruction: where to go on, or `None` when it does not match.
    fn step(&mut self, pc: usize, position: usize) -> Result<Option<(usize, usize)>, Spent> {
        let regex = self.regex;
        let ignore_case = regex.flags.ignore_case;
        let next = match &regex.program[pc] {
            Instruction::Char { expected, back } => {
                self.one(position, *back).and_then(|(found, to)| {
                    let found = if ignore_case { folded(found) } else { found };
                    (found == *expected).then_some(to)
                })
            }
            Instruction::Class { class, back } => {
                self.one(position, *back).and_then(|(found, to)| {
                    regex.classes[*class]
                        .contains(found, ignore_case)
                        .then_some(to)
                })
            }
            Instruction::Run { greedy: true, .. } => return self.greedy_run(pc, position),
            Instruction::Run { .. } => return self.lazy_run(pc, position),
            Instruction::Split { first, second } => {
                self.push(Retry::Branch {
                    pc: *second,
                    position,
                })?;
                return Ok(Some((*first, position)));
            }
            Instruction::Jump(target) => return Ok(Some((*target, position))),
            Instruction::Save(slot) => {
                self.set_slot(*slot, position)?;
                Some(position)
            }
            Instruction::Forget { from, to } => {
                self.pay_for(to - from)?;
                for slot in *from..*to {
                    if self.slots[slot] != UNSET {
                        self.set_slot(slot, UNSET)?;
                    }
                }
                Some(position)
            }
            Instruction::Mark(mark) => {
                let value = std::mem::replace(&mut self.marks[*mark], position);
                self.push(Retry::Mark { mark: *mark, value })?;
                Some(position)
            }
            Instruction::Progress(mark) => (self.marks[*mark] != position).then_some(position),
            Instruction::Start => self.is_start(position).then_some(position),
            Instruction::End => self.is_end(position).then_some(position),
            Instruction::Boundary { negated } => {
                (self.is_boundary(position) != *negated).then_some(position)
            }
            Instruction::Reference { group, back } => self.reference(*group, position, *back)?,
            Instruction::Look { negated, next } => {
                return self
                    .look(pc + 1, position, *negated)
                    .map(|holds| holds.then_some((*next, position)));
            }
            Instruction::Accept => None,
        };
        Ok(next.map(|position| (pc + 1, position)))
    }

    /// The character at a position and the position behind it, in reading direction.
    fn one(&self, position: usize, back: bool) -> Option<(char, usize)> {
        if back {
            let character = self.text[..position].chars().next_back()?;
            Some((character, position - character.len_utf8()))
        } else {
            let character = self.text[position..].chars().next()?;
            Some((character, position + character.len_utf8()))
        }
    }

    fn set_slot(&mut self, slot: usize, position: usize) -> Result<(), Spent> {
        let value = std::mem::replace(&mut self.slots[slot], position);
        self.push(Retry::Slot { slot, value })
    }

    fn run_step(&self, pc: usize, position: usize) -> Option<usize> {
        let Instruction::Run { class, back, .. } = self.regex.program[pc] else {
            return None;
        };
        let (found, to) = self.one(position, back)?;
        let inside = self.regex.classes[class].contains(found, self.regex.flags.ignore_case);
        inside.then_some(to)
    }

    fn greedy_run(
        &mut self,
        pc: usize,
        mut position: usize,
    ) -> Result<Option<(usize, usize)>, Spent> {
        let Instruction::Run {
            least, most, back, ..
        } = self.regex.program[pc]
        else {
            return Ok(None);
        };
        let mut taken = 0;
        let mut limit = position;
        while taken < most {
            let Some(next) = self.run_step(pc, position) else {
                break;
            };
            self.pay()?;
            position = next;
            taken += 1;
            if taken == least {
                limit = position;
            }
        }
        if taken < least {
            return Ok(None);
        }
        if position != limit {
            self.push(Retry::Shorter {
                pc: pc + 1,
                position,
                limit,
                back,
            })?;
        }
        Ok(Some((pc + 1, position)))
    }

    fn lazy_run(
        &mut self,
        pc: usize,
        mut position: usize,
    ) -> Result<Option<(usize, usize)>, Spent> {
        let Instruction::Run { least, most, .. } = self.regex.program[pc] else {
            return Ok(None);
        };
        for _ in 0..least {
            self.pay()?;
            match self.run_step(pc, position) {
                Some(next) => position = next,
                None => return Ok(None),
            }
        }
        if most > least {
            self.push(Retry::Longer {
                pc,
                position,
                left: most - least,
            })?;
        }
        Ok(Some((pc + 1, position)))
    }

    /// Goes back to the last alternative above `base`.
    fn retry(&mut self, base: usize) -> Result<Option<(usize, usize)>, Spent> {
        while self.stack.len() > base {
            let Some(retry) = self.stack.pop() else { break };
            self.pay()?;
            match retry {
                Retry::Branch { pc, position } => return Ok(Some((pc, position))),
                Retry::Slot { slot, value } => self.slots[slot] = value,
                Retry::Mark { mark, value } => self.marks[mark] = value,
                Retry::Shorter {
                    pc,
                    position,
                    limit,
                    back,
                } => {
                    // The run took a character there, so there is one to give back.
                    let Some((_, position)) = self.one(position, !back) else {
                        continue;
                    };
                    if position != limit {
                        self.push(Retry::Shorter {
                            pc,
                            position,
                            limit,
                            back,
                        })?;
                    }
                    return Ok(Some((pc, position)));
                }
                Retry::Longer { pc, position, left } => {
                    let Some(position) = self.run_step(pc, position) else {
                        continue;
                    };
                    if left > 1 {
                        let left = if left == u32::MAX { left } else { left - 1 };
                        self.push(Retry::Longer { pc, position, left })?;
                    }
                    return Ok(Some((pc + 1, position)));
                }
            }
        }
        Ok(None)
    }
}
