//! Sets of characters.

/// A set of characters.
#[derive(Clone, Debug, Default)]
pub(super) struct Class {
    ranges: Vec<(char, char)>,
    negated: bool,
}

impl Class {
    pub(super) fn of(ranges: &[(char, char)]) -> Class {
        Class {
            ranges: ranges.to_vec(),
            negated: false,
        }
    }

    /// All but line ends: what `.` matches.
    pub(super) fn any() -> Class {
        Class::of(&[('\n', '\n'), ('\r', '\r'), ('\u{2028}', '\u{2029}')]).inverted()
    }

    /// What `\d`, `\s`, `\w` and their opposites match.
    pub(super) fn of_letter(letter: char) -> Option<Class> {
        let class = match letter.to_ascii_lowercase() {
            'd' => Class::of(&[('0', '9')]),
            'w' => Class::of(&[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
            's' => Class::of(&[
                ('\t', '\r'),
                (' ', ' '),
                ('\u{a0}', '\u{a0}'),
                ('\u{1680}', '\u{1680}'),
                ('\u{2000}', '\u{200a}'),
                ('\u{2028}', '\u{2029}'),
                ('\u{202f}', '\u{202f}'),
                ('\u{205f}', '\u{205f}'),
                ('\u{3000}', '\u{3000}'),
                ('\u{feff}', '\u{feff}'),
            ]),
            _ => return None,
        };
        Some(if letter.is_ascii_uppercase() {
            class.inverted()
        } else {
            class
        })
    }

    pub(super) fn inverted(mut self) -> Class {
        self.negated = !self.negated;
        self
    }

    pub(super) fn add(&mut self, from: char, to: char) {
        self.ranges.push((from, to));
    }

    /// Adds all of another set.
    pub(super) fn add_class(&mut self, other: &Class) {
        if !other.negated {
            self.ranges.extend_from_slice(&other.ranges);
            return;
        }
        let mut next = '\0';
        let mut excluded = other.ranges.clone();
        excluded.sort_unstable();
        for (from, to) in excluded {
            if let Some(before) = before(from).filter(|before| *before >= next) {
                self.ranges.push((next, before));
            }
            match after(to) {
                Some(after) => next = next.max(after),
                None => return,
            }
        }
        self.ranges.push((next, char::MAX));
    }

    /// Puts the ranges into order, so that looking one up is fast.
    pub(super) fn normalized(mut self) -> Class {
        self.ranges.sort_unstable();
        let mut merged: Vec<(char, char)> = Vec::with_capacity(self.ranges.len());
        for (from, to) in self.ranges {
            match merged.last_mut() {
                Some(last) if after(last.1).is_none_or(|after| from <= after) => {
                    last.1 = last.1.max(to);
                }
                _ => merged.push((from, to)),
            }
        }
        self.ranges = merged;
        self
    }

    pub(super) fn contains(&self, character: char, ignore_case: bool) -> bool {
        let mut inside = self.holds(character);
        if ignore_case && !inside {
            inside = variants(character)
                .into_iter()
                .any(|variant| self.holds(variant));
        }
        inside != self.negated
    }

    fn holds(&self, character: char) -> bool {
        let found = self.ranges.binary_search_by(|(from, to)| {
            if *to < character {
                std::cmp::Ordering::Less
            } else if *from > character {
                std::cmp::Ordering::Greater
            } else {
                std::cmp::Ordering::Equal
            }
        });
        found.is_ok()
    }
}

/// The character that stands for all that differ in case only.
pub(super) fn folded(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_uppercase();
    }
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        // A letter beyond ASCII does not become one of it.
        (Some(single), None) if !single.is_ascii() => single,
        _ => character,
    }
}

fn variants(character: char) -> [char; 2] {
    let mut lower = character.to_lowercase();
    let lower = match (lower.next(), lower.next()) {
        (Some(single), None) if single.is_ascii() == character.is_ascii() => single,
        _ => character,
    };
    [folded(character), lower]
}

fn before(character: char) -> Option<char> {
    let code = u32::from(character).checked_sub(1)?;
    char::from_u32(code).or(Some('\u{d7ff}'))
}

fn after(character: char) -> Option<char> {
    let code = u32::from(character) + 1;
    if code > u32::from(char::MAX) {
        return None;
    }
    char::from_u32(code).or(Some('\u{e000}'))
}
