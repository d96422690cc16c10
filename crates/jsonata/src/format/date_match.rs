//! Takes a text apart as a date picture says: where does each part begin and end?
//!
//! Parts are greedy and give back what the parts after them need, as in a regular expression; but every pair of part
//! and place is looked at once, so the work is bounded by the product of both lengths.

use super::words;

/// The largest product of the lengths of text and picture that is looked at. What is longer does not match: a timestamp
/// is far shorter.
const LARGEST: usize = 1 << 18;

/// What a part of the text looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// This text, in any case.
    Literal(String),
    /// ASCII digits.
    Digits { least: usize, most: usize },
    /// ASCII digits and `st`, `nd`, `rd` or `th`.
    Ordinal { least: usize, most: usize },
    /// ASCII letters.
    Letters,
    /// Roman numerals.
    Roman,
    /// Words that numbers are made of, with spaces, commas and hyphens.
    Words,
    /// A sign and digits, after `GMT` or not, perhaps with a separator and more digits.
    Zone {
        after_gmt: bool,
        separator: Option<char>,
    },
}

/// The pieces of the text, one for each shape. `None`: the text looks otherwise.
pub(super) fn take_apart<'t>(text: &'t str, shapes: &[Shape]) -> Option<Vec<&'t str>> {
    let picture: usize = shapes.iter().map(Shape::weight).sum();
    let is_small = text.len().saturating_add(1).saturating_mul(picture) <= LARGEST;
    if !is_small || shapes.len() > text.len() {
        return None;
    }
    let text = Text::new(text, shapes.contains(&Shape::Words));
    let mut goals = Goals::at_end(text.len());
    let mut ends: Vec<Ends> = Vec::with_capacity(shapes.len());
    for shape in shapes.iter().rev() {
        let found = text.ends(shape, &goals);
        goals = Goals::of(&found);
        ends.push(found);
    }
    ends.reverse();
    text.pieces(&ends)
}

impl Shape {
    /// How much work it is to look for it at one place.
    fn weight(&self) -> usize {
        match self {
            Shape::Literal(literal) => literal.len(),
            _ => 4,
        }
    }
}

/// For each place where a shape that begins there ends, or [`NOWHERE`].
type Ends = Vec<u32>;

const NOWHERE: u32 = u32::MAX;

fn somewhere(place: u32) -> Option<usize> {
    (place != NOWHERE).then_some(place as usize)
}

/// The texts that are looked at have fewer than [`LARGEST`] places.
fn stored(place: Option<usize>) -> u32 {
    place.map_or(NOWHERE, |place| place as u32)
}

/// The places from which the rest of the text looks as it should: for each place the last one up to there.
struct Goals(Vec<u32>);

impl Goals {
    fn at_end(end: usize) -> Goals {
        let mut last = vec![NOWHERE; end + 1];
        last[end] = stored(Some(end));
        Goals(last)
    }

    /// The places from which a shape ends somewhere.
    fn of(ends: &Ends) -> Goals {
        let mut last = NOWHERE;
        let places = ends.iter().zip(0u32..).map(|(end, place)| {
            if *end != NOWHERE {
                last = place;
            }
            last
        });
        Goals(places.collect())
    }

    /// The last goal between two places, both included.
    fn between(&self, first: usize, last: usize) -> Option<usize> {
        let goal = somewhere(*self.0.get(last)?)?;
        (goal >= first).then_some(goal)
    }

    fn at(&self, place: usize) -> Option<usize> {
        self.between(place, place)
    }
}

/// A text by its characters, and where the runs of characters end that begin at each place.
struct Text<'t> {
    whole: &'t str,
    characters: Vec<char>,
    /// The place of each character in bytes, and the length.
    bytes: Vec<usize>,
    digits: Vec<usize>,
    letters: Vec<usize>,
    roman: Vec<usize>,
    /// The lengths of the words that begin at each place; none if nobody looks for words. Words are ASCII, so their
    /// lengths in bytes and characters are the same.
    words: Vec<Vec<usize>>,
}

impl<'t> Text<'t> {
    fn new(whole: &'t str, with_words: bool) -> Text<'t> {
        let characters: Vec<char> = whole.chars().collect();
        let bytes = whole.char_indices().map(|(at, _)| at).chain([whole.len()]);
        let rests = whole
            .char_indices()
            .filter(|_| with_words)
            .map(|(at, _)| &whole[at..]);
        Text {
            whole,
            bytes: bytes.collect(),
            digits: run_ends(&characters, |c| c.is_ascii_digit()),
            letters: run_ends(&characters, |c| c.is_ascii_alphabetic()),
            roman: run_ends(&characters, |c| "MDCLXVImdclxvi".contains(c)),
            words: rests
                .map(|rest| words::token_lengths(rest).collect())
                .collect(),
            characters,
        }
    }

    fn len(&self) -> usize {
        self.characters.len()
    }

    /// For each place the furthest end of the shape from which the rest fits.
    fn ends(&self, shape: &Shape, after: &Goals) -> Ends {
        match shape {
            Shape::Literal(literal) => self.literal_ends(literal, after),
            Shape::Digits { least, most } => self.each(|place| {
                let furthest = self.digits[place].min(place.saturating_add(*most));
                after.between(place + least, furthest)
            }),
            Shape::Ordinal { least, most } => self.each(|place| {
                let end = self.digits[place];
                let fits = (*least..=*most).contains(&(end - place)) && self.has_suffix(end);
                after.at(end + 2).filter(|_| fits)
            }),
            Shape::Letters => self.each(|place| after.between(place + 1, self.letters[place])),
            Shape::Roman => self.each(|place| after.between(place + 1, self.roman[place])),
            Shape::Words => self.word_ends(after),
            Shape::Zone {
                after_gmt,
                separator,
            } => self.each(|place| self.zone_end(place, *after_gmt, *separator, after)),
        }
    }

    fn each(&self, end: impl Fn(usize) -> Option<usize>) -> Ends {
        (0..=self.len()).map(|place| stored(end(place))).collect()
    }

    fn literal_ends(&self, literal: &str, after: &Goals) -> Ends {
        let literal: Vec<char> = literal.chars().map(folded).collect();
        self.each(|place| {
            let goal = after.at(place + literal.len())?;
            let here = &self.characters[place..goal];
            let is_same = here
                .iter()
                .zip(&literal)
                .all(|(c, expected)| folded(*c) == *expected);
            is_same.then_some(goal)
        })
    }

    fn has_suffix(&self, place: usize) -> bool {
        let suffix = self.characters.get(place..place + 2);
        let suffix: String = suffix
            .unwrap_or_default()
            .iter()
            .map(char::to_ascii_lowercase)
            .collect();
        ["st", "nd", "rd", "th"].contains(&suffix.as_str())
    }

    fn word_ends(&self, after: &Goals) -> Ends {
        let mut ends = vec![NOWHERE; self.len() + 1];
        for (place, lengths) in self.words.iter().enumerate().rev() {
            let tokens = lengths.iter().map(|length| place + length);
            let furthest = tokens
                .filter_map(|end| somewhere(ends[end]).max(after.at(end)))
                .max();
            ends[place] = stored(furthest);
        }
        ends
    }

    fn zone_end(
        &self,
        place: usize,
        after_gmt: bool,
        separator: Option<char>,
        after: &Goals,
    ) -> Option<usize> {
        let sign = if after_gmt {
            self.after_gmt(place)?
        } else {
            place
        };
        if !matches!(self.characters.get(sign), Some('-' | '+')) {
            return None;
        }
        let first = sign + 1;
        let end = self.digits[first];
        let Some(separator) = separator else {
            return after.between(first + 1, end);
        };
        let is_separated = end > first
            && self
                .characters
                .get(end)
                .is_some_and(|c| folded(*c) == folded(separator));
        if !is_separated {
            return None;
        }
        after.between(end + 2, self.digits[end + 1])
    }

    fn after_gmt(&self, place: usize) -> Option<usize> {
        let gmt = self.characters.get(place..place + 3)?;
        let is_gmt = gmt
            .iter()
            .zip("GMT".chars())
            .all(|(c, known)| c.eq_ignore_ascii_case(&known));
        is_gmt.then_some(place + 3)
    }

    fn pieces(&self, ends: &[Ends]) -> Option<Vec<&'t str>> {
        let mut place = 0;
        let mut pieces = Vec::with_capacity(ends.len());
        for ends in ends {
            let end = somewhere(ends[place])?;
            pieces.push(&self.whole[self.bytes[place]..self.bytes[end]]);
            place = end;
        }
        (place == self.len()).then_some(pieces)
    }
}

/// For each place the end of the run of such characters that begins there; one more place for the end of the text.
fn run_ends(characters: &[char], belongs: impl Fn(char) -> bool) -> Vec<usize> {
    let mut ends: Vec<usize> = (0..=characters.len()).collect();
    for (place, character) in characters.iter().enumerate().rev() {
        if belongs(*character) {
            ends[place] = ends[place + 1];
        }
    }
    ends
}

/// Two characters are the same in a JavaScript regular expression that ignores case, if these are.
fn folded(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) if character.is_ascii() || !upper.is_ascii() => upper,
        _ => character,
    }
}
