//! Makes new texts of those of a corpus: spliced, cut, repeated, with other bytes, words and numbers in them.

use super::random::Random;

/// No text is longer.
const LONGEST: usize = 4096;

/// Numbers at which something may end.
const NUMBERS: [&str; 12] = [
    "0",
    "-1",
    "1",
    "255",
    "2147483648",
    "-9223372036854775808",
    "9223372036854775808",
    "1e308",
    "1e-400",
    "0.5",
    "100000000",
    "123456789012345678901234567890",
];

/// See the module.
pub struct Mutator<'c> {
    texts: Vec<&'c str>,
    tokens: Vec<String>,
}

impl<'c> Mutator<'c> {
    /// Of these texts and tokens; there is at least one of each.
    pub fn new(texts: Vec<&'c str>, tokens: Vec<String>) -> Mutator<'c> {
        Mutator { texts, tokens }
    }

    /// A text of the corpus with one to six changes.
    pub fn text(&self, random: &mut Random) -> String {
        let mut text = random.pick(&self.texts).as_bytes().to_vec();
        for _ in 0..=random.below(6) {
            self.change(&mut text, random);
            text.truncate(LONGEST);
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    fn change(&self, text: &mut Vec<u8>, random: &mut Random) {
        match random.below(10) {
            0 => flip(text, random),
            1 => insert(text, &[random.next() as u8 & 0x7f], random),
            2 | 3 => insert(text, random.pick(&self.tokens).as_bytes(), random),
            4 | 5 => replace(text, random.pick(&self.tokens).as_bytes(), random),
            6 => replace(text, random.pick(&NUMBERS).as_bytes(), random),
            7 => drop(text.drain(piece(text, random))),
            8 => repeat(text, random),
            _ => self.splice(text, random),
        }
    }

    /// The beginning of the text and the end of another.
    fn splice(&self, text: &mut Vec<u8>, random: &mut Random) {
        let other = random.pick(&self.texts).as_bytes();
        text.truncate(random.below(text.len() + 1));
        text.extend_from_slice(&other[random.below(other.len())..]);
    }
}

fn flip(text: &mut [u8], random: &mut Random) {
    let place = random.below(text.len());
    if let Some(byte) = text.get_mut(place) {
        *byte ^= 1 << random.below(8);
    }
}

fn insert(text: &mut Vec<u8>, bytes: &[u8], random: &mut Random) {
    let place = random.below(text.len() + 1);
    text.splice(place..place, bytes.iter().copied());
}

/// Puts something else where a word, a number or a piece of signs stands.
fn replace(text: &mut Vec<u8>, bytes: &[u8], random: &mut Random) {
    let place = random.below(text.len());
    let Some(kind) = text.get(place).map(u8::is_ascii_alphanumeric) else {
        return insert(text, bytes, random);
    };
    let other = |byte: &u8| byte.is_ascii_alphanumeric() != kind;
    let start = text[..place]
        .iter()
        .rposition(other)
        .map_or(0, |before| before + 1);
    let end = text[place..]
        .iter()
        .position(other)
        .map_or(text.len(), |behind| place + behind);
    text.splice(start..end, bytes.iter().copied());
}

/// Says a piece again, up to a thousand times.
fn repeat(text: &mut Vec<u8>, random: &mut Random) {
    let range = piece(text, random);
    let (start, bytes) = (range.start, text[range].to_vec());
    let times = 1 << random.below(11);
    let room = LONGEST.saturating_sub(text.len()) / bytes.len().max(1);
    text.splice(start..start, bytes.repeat(times.min(room)));
}

/// Most pieces are short.
fn piece(text: &[u8], random: &mut Random) -> std::ops::Range<usize> {
    let start = random.below(text.len() + 1);
    let longest = (text.len() - start).min(1 << random.below(8));
    start..start + random.below(longest + 1)
}
