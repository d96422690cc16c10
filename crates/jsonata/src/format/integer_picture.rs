//! The picture of an integer: `#,##0`, `I`, `a`, `Ww`, each with `;o` for ordinals.

use super::error;
use crate::error::Error;

/// Upper, lower or title case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Lower,
    Title,
}

/// How an integer is written.
#[derive(Clone, Debug)]
pub(super) struct IntegerPicture {
    pub(super) style: Style,
    /// `1st` rather than `1`. Letters and Roman numerals have none.
    pub(super) ordinal: bool,
}

/// What an integer is written with.
#[derive(Clone, Debug)]
pub(super) enum Style {
    Letters(Case),
    Roman(Case),
    Words(Case),
    Digits(Digits),
    /// A sequence that nobody knows, by the text that asks for it. Only who uses it gets an error.
    Unknown(String),
}

/// A decimal digit pattern.
#[derive(Clone, Debug)]
pub(super) struct Digits {
    /// The zero of the family of digits.
    pub(super) zero: char,
    /// The least number of digits.
    pub(super) mandatory: usize,
    /// The number of `#`.
    pub(super) optional: usize,
    pub(super) grouping: Grouping,
}

/// Where the separators stand.
#[derive(Clone, Debug)]
pub(super) enum Grouping {
    /// The same one after every so many digits.
    Regular { every: usize, separator: char },
    /// Each where the picture has it: how many digits are right of it, ascending.
    Irregular(Vec<(usize, char)>),
}

/// The zeros of the families of decimal digits in the basic plane.
const ZEROS: [u32; 37] = [
    0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66,
    0xDE6, 0xE50, 0xED0, 0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
    0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
];

impl IntegerPicture {
    /// Reads a picture.
    ///
    /// # Errors
    /// `D3131`: digits of different families.
    pub(super) fn parse(picture: &str) -> Result<IntegerPicture, Error> {
        let (primary, modifier) = picture.rsplit_once(';').unwrap_or((picture, ""));
        IntegerPicture::with_modifier(primary, modifier.starts_with('o'))
    }

    /// Reads a picture whose modifier is known.
    pub(super) fn with_modifier(primary: &str, ordinal: bool) -> Result<IntegerPicture, Error> {
        let style = match primary {
            "A" => Style::Letters(Case::Upper),
            "a" => Style::Letters(Case::Lower),
            "I" => Style::Roman(Case::Upper),
            "i" => Style::Roman(Case::Lower),
            "W" => Style::Words(Case::Upper),
            "w" => Style::Words(Case::Lower),
            "Ww" => Style::Words(Case::Title),
            pattern => match Digits::parse(pattern)? {
                Some(digits) => Style::Digits(digits),
                None => Style::Unknown(pattern.to_owned()),
            },
        };
        Ok(IntegerPicture { style, ordinal })
    }

    /// The pattern, if it is one of digits.
    pub(super) fn digits(&self) -> Option<&Digits> {
        match &self.style {
            Style::Digits(digits) => Some(digits),
            _ => None,
        }
    }

    /// The pattern, if it is one of digits, to be changed.
    pub(super) fn digits_mut(&mut self) -> Option<&mut Digits> {
        match &mut self.style {
            Style::Digits(digits) => Some(digits),
            _ => None,
        }
    }
}

impl Digits {
    /// A pattern has at least one digit; what is neither digit nor `#` separates.
    fn parse(pattern: &str) -> Result<Option<Digits>, Error> {
        let mut zero = None;
        let (mut mandatory, mut optional) = (0, 0);
        let mut separators = Vec::new();
        for character in pattern.chars().rev() {
            if let Some(family) = zero_of(character) {
                mandatory += 1;
                if *zero.get_or_insert(family) != family {
                    return Err(error::mixed_digits());
                }
            } else if character == '#' {
                optional += 1;
            } else {
                separators.push((mandatory + optional, character));
            }
        }
        Ok(zero.map(|zero| Digits {
            zero,
            mandatory,
            optional,
            grouping: Grouping::of(separators),
        }))
    }
}

/// The zero of the family that a digit belongs to.
fn zero_of(character: char) -> Option<char> {
    let code = u32::from(character);
    let zero = ZEROS
        .iter()
        .find(|zero| (**zero..**zero + 10).contains(&code))?;
    char::from_u32(*zero)
}

impl Grouping {
    fn of(separators: Vec<(usize, char)>) -> Grouping {
        let Some((every, separator)) = separators.first().copied() else {
            return Grouping::Irregular(separators);
        };
        let regular = every > 0
            && separators
                .iter()
                .enumerate()
                .all(|(index, place)| *place == (every * (index + 1), separator));
        if regular {
            Grouping::Regular { every, separator }
        } else {
            Grouping::Irregular(separators)
        }
    }
}
