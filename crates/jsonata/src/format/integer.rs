//! `$formatInteger` and `$parseInteger`.

use std::collections::BTreeSet;

use super::integer_picture::{Case, Digits, Grouping, IntegerPicture, Style};
use super::{error, javascript, numerals, words};
use crate::error::Error;

/// The number, rounded down, as the picture says.
///
/// # Errors
/// `D3130`: a sequence that nobody knows, or a Roman numeral of ten million and more; `D3131`: digits of different
/// families.
pub(crate) fn format_integer(value: f64, picture: &str) -> Result<String, Error> {
    write(value.floor(), &IntegerPicture::parse(picture)?)
}

/// The number that a text stands for, `None` where it is not one. Like the reference implementation this is lenient:
/// digits end where something else begins, and widths are not checked.
///
/// # Errors
/// `D3130`, `D3131`, as for [`format_integer`].
pub(crate) fn parse_integer(text: &str, picture: &str) -> Result<Option<f64>, Error> {
    // Never `-0`, which JSON does not have.
    let value = read(text, &IntegerPicture::parse(picture)?)? + 0.0;
    Ok(Some(value).filter(|value| value.is_finite()))
}

/// Writes an integer. What is not finite is written as JavaScript does, whatever the picture.
pub(super) fn write(value: f64, picture: &IntegerPicture) -> Result<String, Error> {
    let size = value.abs();
    let text = match &picture.style {
        Style::Unknown(start) => return Err(error::unknown_sequence(start)),
        Style::Digits(digits) => write_digits(size, digits, picture.ordinal),
        _ if !size.is_finite() => javascript::to_text(size),
        Style::Letters(case) => numerals::letters(size, first_letter(*case)),
        Style::Roman(case) if size > numerals::LARGEST_ROMAN => {
            return Err(error::unknown_sequence(if *case == Case::Upper {
                "I"
            } else {
                "i"
            }));
        }
        Style::Roman(case) => in_case(numerals::roman(size), *case),
        Style::Words(case) => in_case(words::words(size, picture.ordinal), *case),
    };
    Ok(if value < 0.0 {
        format!("-{text}")
    } else {
        text
    })
}

fn first_letter(case: Case) -> u8 {
    if case == Case::Upper { b'A' } else { b'a' }
}

/// A text in title case stays as it is.
pub(super) fn in_case(text: String, case: Case) -> String {
    match case {
        Case::Upper => text.to_ascii_uppercase(),
        Case::Lower => text.to_ascii_lowercase(),
        Case::Title => text,
    }
}

fn write_digits(size: f64, picture: &Digits, ordinal: bool) -> String {
    let text = javascript::to_text(size);
    let padding = picture.mandatory.saturating_sub(text.len());
    let padded = std::iter::repeat_n('0', padding).chain(text.chars());
    let digits: Vec<char> = padded.map(|digit| in_family(digit, picture.zero)).collect();
    let mut text = group(&digits, &picture.grouping);
    if ordinal {
        text.push_str(ordinal_suffix(&text));
    }
    text
}

/// The character as far from the family's zero as this one is from `0`.
fn in_family(digit: char, zero: char) -> char {
    let code = u32::from(digit) + u32::from(zero) - u32::from('0');
    char::from_u32(code).unwrap_or(digit)
}

fn group(digits: &[char], grouping: &Grouping) -> String {
    match grouping {
        Grouping::Regular { every, separator } => group_regularly(digits, *every, *separator),
        Grouping::Irregular(separators) => group_irregularly(digits, separators),
    }
}

fn group_regularly(digits: &[char], every: usize, separator: char) -> String {
    let mut text = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.iter().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(every) {
            text.push(separator);
        }
        text.push(*digit);
    }
    text
}

fn group_irregularly(digits: &[char], separators: &[(usize, char)]) -> String {
    let mut waiting = separators
        .iter()
        .rev()
        .skip_while(|(place, _)| *place >= digits.len())
        .peekable();
    let mut text = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.iter().enumerate() {
        text.push(*digit);
        let right = digits.len() - index - 1;
        while let Some((_, separator)) = waiting.next_if(|(place, _)| *place == right) {
            text.push(*separator);
        }
    }
    text
}

/// The suffix goes by the last two characters, so digits of other families always get `th`.
fn ordinal_suffix(text: &str) -> &'static str {
    let mut characters = text.chars().rev();
    let last = characters.next();
    let is_teen = characters.next() == Some('1');
    match last {
        Some('1') if !is_teen => "st",
        Some('2') if !is_teen => "nd",
        Some('3') if !is_teen => "rd",
        _ => "th",
    }
}

/// Reads an integer; NaN where the text is none.
pub(super) fn read(text: &str, picture: &IntegerPicture) -> Result<f64, Error> {
    Ok(match &picture.style {
        Style::Unknown(start) => return Err(error::unknown_sequence(start)),
        Style::Letters(case) => numerals::read_letters(text, first_letter(*case)),
        Style::Roman(Case::Upper) => numerals::read_roman(text),
        Style::Roman(_) => numerals::read_roman(&text.to_uppercase()),
        Style::Words(_) => words::read_words(&text.to_lowercase()),
        Style::Digits(digits) => read_digits(text, digits, picture.ordinal),
    })
}

fn read_digits(text: &str, picture: &Digits, ordinal: bool) -> f64 {
    let separators = separators(&picture.grouping);
    let mut characters = text.chars();
    if ordinal {
        characters.nth_back(1);
    }
    let digits: Option<String> = characters
        .filter(|character| !separators.contains(character))
        .map(|character| as_ascii(character, picture.zero))
        .collect();
    digits.map_or(f64::NAN, |digits| javascript::parse_int(&digits))
}

/// What may stand between the digits: of regular groups always the comma, as the reference implementation has it.
fn separators(grouping: &Grouping) -> BTreeSet<char> {
    match grouping {
        Grouping::Regular { .. } => BTreeSet::from([',']),
        Grouping::Irregular(separators) => {
            separators.iter().map(|(_, separator)| *separator).collect()
        }
    }
}

fn as_ascii(character: char, zero: char) -> Option<char> {
    let distance = u32::from(character) + u32::from('0');
    char::from_u32(distance.checked_sub(u32::from(zero))?)
}
