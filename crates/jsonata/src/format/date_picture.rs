//! The picture of a date and time: text with components in brackets, `[D1o] of [MNn], [Y]`.

use super::component::Component;
use super::integer_picture::{Case, IntegerPicture};
use super::{error, javascript};
use crate::error::Error;

/// The largest width that a component can be given. Larger ones are taken for this one.
const WIDEST: usize = 256;

/// How many parts a picture may have. It bounds what a picture is turned into, here and when it is written.
const MOST_PARTS: usize = 10_000;

/// A piece of a picture.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// Text as it is.
    Literal(String),
    /// A component in brackets.
    Marker(Marker),
}

/// A component, and how to write it.
#[derive(Clone, Debug)]
pub(super) struct Marker {
    pub(super) component: Component,
    pub(super) style: Style,
    /// The largest length of a name.
    pub(super) longest: Option<usize>,
    /// How many of the year's last digits are written.
    pub(super) year_digits: Option<usize>,
    /// How many digits are read.
    pub(super) digits: DigitCount,
    /// The zone of UTC is written as `Z`.
    pub(super) writes_z: bool,
}

/// How a component is written.
#[derive(Clone, Debug)]
pub(super) enum Style {
    Name(Case),
    Integer(IntegerPicture),
    /// A number was asked of what is none.
    Plain,
}

/// How many digits are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DigitCount {
    pub(super) least: usize,
    pub(super) most: usize,
}

impl DigitCount {
    const ANY: DigitCount = DigitCount {
        least: 1,
        most: usize::MAX,
    };

    fn exactly(count: usize) -> DigitCount {
        DigitCount {
            least: count,
            most: count,
        }
    }
}

/// Reads a picture.
///
/// # Errors
/// `D3131`: digits of different families; `D3132`: no such component; `D3135`: a bracket is not closed; `U1003`: more
/// than ten thousand parts.
pub(super) fn parse(picture: &str) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::new();
    let mut rest = picture;
    while let Some((literal, after)) = rest.split_once('[') {
        if parts.len() > MOST_PARTS {
            return Err(Error::of("U1003"));
        }
        push_literal(&mut parts, literal);
        if let Some(after) = after.strip_prefix('[') {
            parts.push(Part::Literal("[".to_owned()));
            rest = after;
            continue;
        }
        let (marker, after) = after.split_once(']').ok_or_else(error::no_bracket)?;
        let marker = Marker::parse(marker)?;
        limit_previous(&mut parts, &marker);
        parts.push(Part::Marker(marker));
        rest = after;
    }
    push_literal(&mut parts, rest);
    Ok(parts)
}

fn push_literal(parts: &mut Vec<Part>, literal: &str) {
    if !literal.is_empty() {
        parts.push(Part::Literal(literal.replace("]]", "]")));
    }
}

/// A number with another one right after it ends after its mandatory digits.
fn limit_previous(parts: &mut [Part], marker: &Marker) {
    let follows = marker.component.is_integer() && matches!(marker.style, Style::Integer(_));
    if let (true, Some(Part::Marker(previous))) = (follows, parts.last_mut())
        && let Style::Integer(picture) = &previous.style
        && let Some(digits) = picture.digits()
        && previous.digits == DigitCount::ANY
    {
        previous.digits = DigitCount::exactly(digits.mandatory);
    }
}

impl Marker {
    /// What is between the brackets: a letter, a modifier, and after a comma the width. White space means nothing.
    fn parse(text: &str) -> Result<Marker, Error> {
        let text: String = text.chars().filter(|c| !javascript::is_space(*c)).collect();
        let mut characters = text.chars();
        let letter = characters.next();
        let known = letter.and_then(Component::of_letter);
        let Some((component, default)) = known else {
            return Err(error::unknown_component(&String::from_iter(letter)));
        };
        let (modifier, width) = match characters.as_str().rsplit_once(',') {
            Some((modifier, width)) => (modifier, Width::parse(width)),
            None => (characters.as_str(), Width::default()),
        };
        let (first, second) = split_modifier(if modifier.is_empty() {
            default
        } else {
            modifier
        });
        let mut marker = Marker {
            component,
            style: style(component, first, second)?,
            longest: width.max,
            year_digits: None,
            digits: DigitCount::ANY,
            writes_z: second == Some('t'),
        };
        marker.set_width(width);
        Ok(marker)
    }

    /// The width of a number, and with it how many digits of a year are meant. Year, month and day have the width of
    /// their pattern, from two digits on.
    fn set_width(&mut self, width: Width) {
        let Style::Integer(picture) = &mut self.style else {
            return;
        };
        if !self.component.is_integer() {
            return;
        }
        let has_own_width = matches!(
            self.component,
            Component::Year | Component::Month | Component::Day
        );
        let mut own_width = width.max.filter(|_| has_own_width);
        if let Some(digits) = picture.digits_mut() {
            digits.mandatory = digits.mandatory.max(width.min.unwrap_or(0));
            let pattern = digits.mandatory + digits.optional;
            if let Some(own) = own_width {
                digits.mandatory = own;
            } else if has_own_width && pattern >= 2 {
                own_width = Some(pattern);
            }
            if let Some(own) = own_width.filter(|own| *own > 0) {
                self.digits = DigitCount {
                    least: own.saturating_sub(digits.optional).max(1),
                    most: own,
                };
            }
        }
        if self.component == Component::Year {
            self.year_digits = own_width;
        }
    }
}

/// The first modifier, and the second one: `o`, `t`, `c` or `a` at the end.
fn split_modifier(modifier: &str) -> (&str, Option<char>) {
    let mut characters = modifier.chars();
    let last = characters.next_back();
    let first = characters.as_str();
    match last {
        Some('o' | 't' | 'c' | 'a') if !first.is_empty() => (first, last),
        _ => (modifier, None),
    }
}

fn style(component: Component, first: &str, second: Option<char>) -> Result<Style, Error> {
    if component.is_zone() {
        return Ok(Style::Integer(IntegerPicture::parse(first)?));
    }
    Ok(match first.as_bytes() {
        [b'n', ..] => Style::Name(Case::Lower),
        [b'N', b'n', ..] => Style::Name(Case::Title),
        [b'N', ..] => Style::Name(Case::Upper),
        _ if !component.is_integer() => Style::Plain,
        _ => Style::Integer(match second {
            Some(second) => IntegerPicture::with_modifier(first, second == 'o')?,
            None => IntegerPicture::parse(first)?,
        }),
    })
}

/// A width, `min-max`, each of them a number or `*`.
#[derive(Clone, Copy, Debug, Default)]
struct Width {
    min: Option<usize>,
    max: Option<usize>,
}

impl Width {
    fn parse(text: &str) -> Width {
        let (min, max) = text.split_once('-').unwrap_or((text, "*"));
        Width {
            min: size(min),
            max: size(max),
        }
    }
}

/// What is not a number is as good as `*`.
fn size(text: &str) -> Option<usize> {
    let size = javascript::parse_int(text);
    (size >= 0.0).then_some((size as usize).min(WIDEST))
}
