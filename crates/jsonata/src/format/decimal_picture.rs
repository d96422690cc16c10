//! The picture of `$formatNumber`: its parts, its rules, and what it asks for.

use super::decimal_format::DecimalFormat;
use super::error;
use crate::error::Error;

/// What a value is multiplied with before it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    One,
    Percent,
    PerMille,
}

/// One half of a picture, for the positive or the negative numbers.
#[derive(Clone, Debug)]
pub(super) struct SubPicture {
    pub(super) prefix: String,
    pub(super) suffix: String,
    pub(super) scale: Scale,
    pub(super) integer: Part,
    pub(super) fraction: Part,
    /// How many digits the mantissa has before its point, where there is an exponent.
    pub(super) scaling: usize,
    /// The least number of digits of the exponent; 0 without one.
    pub(super) exponent: usize,
}

/// The integer or fractional part.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    /// The least number of digits.
    pub(super) least: usize,
    /// The largest number of digits; means nothing for the integer part.
    pub(super) most: usize,
    /// Where separators stand: in the integer part how many digits are right of each, descending; in the fraction how
    /// many are left of it.
    pub(super) grouping: Vec<usize>,
}

/// The text of one sub-picture, taken apart.
struct Pieces<'p> {
    whole: &'p str,
    prefix: &'p str,
    suffix: &'p str,
    active: &'p str,
    mantissa: &'p str,
    integer: &'p str,
    fraction: &'p str,
    exponent: Option<&'p str>,
}

/// Reads a picture: the sub-picture for positive numbers, and the one for negative numbers.
///
/// # Errors
/// `D3080` to `D3093`, by the rules of XPath.
pub(super) fn parse(
    picture: &str,
    format: &DecimalFormat,
) -> Result<(SubPicture, SubPicture), Error> {
    let (first, second) = match format.pattern_separator.as_str() {
        "" => (picture, None),
        separator => halves(picture, separator)?,
    };
    let positive = Pieces::of(first, format);
    let negative = second.map(|second| Pieces::of(second, format));
    positive.check(format)?;
    if let Some(negative) = &negative {
        negative.check(format)?;
    }
    let positive = positive.analyse(format);
    let negative = match negative {
        Some(negative) => negative.analyse(format),
        None => SubPicture {
            prefix: format!("{}{}", format.minus_sign, positive.prefix),
            ..positive.clone()
        },
    };
    Ok((positive, negative))
}

fn halves<'p>(picture: &'p str, separator: &str) -> Result<(&'p str, Option<&'p str>), Error> {
    match picture.split_once(separator) {
        None => Ok((picture, None)),
        Some((_, rest)) if rest.contains(separator) => Err(error::decimal_picture("D3080")),
        Some((first, second)) => Ok((first, Some(second))),
    }
}

/// Where a property stands. An empty property stands nowhere.
fn find(text: &str, property: &str) -> Option<usize> {
    if property.is_empty() {
        None
    } else {
        text.find(property)
    }
}

fn contains(text: &str, property: &str) -> bool {
    find(text, property).is_some()
}

fn is_repeated(text: &str, property: &str) -> bool {
    find(text, property)
        != if property.is_empty() {
            None
        } else {
            text.rfind(property)
        }
}

impl<'p> Pieces<'p> {
    fn of(whole: &'p str, format: &DecimalFormat) -> Pieces<'p> {
        let active = |character| format.is_firmly_active(character);
        // Without any active character all of it is the active part, and wrong.
        let start = whole.find(active).unwrap_or(0);
        let end = match whole
            .char_indices()
            .rfind(|(_, character)| active(*character))
        {
            Some((at, last)) => at + last.len_utf8(),
            None => whole.len(),
        };
        let (prefix, active, suffix) = (&whole[..start], &whole[start..end], &whole[end..]);
        let (mantissa, exponent) = split_exponent(whole, start, end, &format.exponent_separator);
        let (integer, fraction) = match find(mantissa, &format.decimal_separator) {
            Some(at) => (
                &mantissa[..at],
                &mantissa[at + format.decimal_separator.len()..],
            ),
            None => (mantissa, ""),
        };
        Pieces {
            whole,
            prefix,
            suffix,
            active,
            mantissa,
            integer,
            fraction,
            exponent,
        }
    }

    /// Where several rules are broken, the last one of the specification is named.
    fn check(&self, format: &DecimalFormat) -> Result<(), Error> {
        let broken = self.broken_rules(format);
        match broken.iter().rev().find(|(is_broken, _)| *is_broken) {
            Some((_, code)) => Err(error::decimal_picture(code)),
            None => Ok(()),
        }
    }

    fn broken_rules(&self, format: &DecimalFormat) -> [(bool, &'static str); 13] {
        let is_family = |character| format.is_family(character);
        let grouping = &format.grouping_separator;
        let has_rate =
            contains(self.whole, &format.percent) || contains(self.whole, &format.per_mille);
        let optional_first = self.integer.find(|c| format.is_optional(c));
        let optional_last = self.fraction.rfind(|c| format.is_optional(c));
        [
            (is_repeated(self.whole, &format.decimal_separator), "D3081"),
            (is_repeated(self.whole, &format.percent), "D3082"),
            (is_repeated(self.whole, &format.per_mille), "D3083"),
            (
                contains(self.whole, &format.percent) && contains(self.whole, &format.per_mille),
                "D3084",
            ),
            (!self.mantissa.contains(|c| format.is_digit(c)), "D3085"),
            (self.active.contains(|c| !format.is_active(c)), "D3086"),
            (self.groups_at_point(format), "D3087"),
            (
                !contains(self.whole, &format.decimal_separator)
                    && ends_with(self.integer, grouping),
                "D3088",
            ),
            (
                !grouping.is_empty() && self.whole.contains(&grouping.repeat(2)),
                "D3089",
            ),
            (
                optional_first.is_some_and(|at| self.integer[..at].contains(is_family)),
                "D3090",
            ),
            (
                optional_last.is_some_and(|at| self.fraction[at..].contains(is_family)),
                "D3091",
            ),
            (
                self.exponent.is_some_and(|digits| !digits.is_empty()) && has_rate,
                "D3092",
            ),
            (
                self.exponent.is_some_and(|digits| {
                    digits.is_empty() || digits.contains(|c| !format.is_family(c))
                }),
                "D3093",
            ),
        ]
    }

    fn groups_at_point(&self, format: &DecimalFormat) -> bool {
        let Some(at) = find(self.whole, &format.decimal_separator) else {
            return false;
        };
        let after = &self.whole[at + format.decimal_separator.len()..];
        let grouping = format.grouping_separator.as_str();
        ends_with(&self.whole[..at], grouping)
            || (!grouping.is_empty() && after.starts_with(grouping))
    }

    fn analyse(&self, format: &DecimalFormat) -> SubPicture {
        let family = |text: &str| text.chars().filter(|c| format.is_family(*c)).count();
        let digits = |text: &str| text.chars().filter(|c| format.is_digit(*c)).count();
        let scaling = family(self.integer);
        let mut integer = Part {
            least: scaling,
            most: 0,
            grouping: places(self.integer, format),
        };
        let mut fraction = Part {
            least: family(self.fraction),
            most: digits(self.fraction),
            grouping: self.fraction_places(format),
        };
        let has_optional = self.integer.contains(|c| format.is_optional(c));
        least_sizes(
            &mut integer,
            &mut fraction,
            self.exponent.is_some(),
            has_optional,
        );
        SubPicture {
            prefix: self.prefix.to_owned(),
            suffix: self.suffix.to_owned(),
            scale: self.scale(format),
            integer,
            fraction,
            scaling,
            exponent: self.exponent.map_or(0, family),
        }
    }

    fn scale(&self, format: &DecimalFormat) -> Scale {
        if contains(self.whole, &format.percent) {
            Scale::Percent
        } else if contains(self.whole, &format.per_mille) {
            Scale::PerMille
        } else {
            Scale::One
        }
    }

    /// Like the reference implementation this sees only the first separator.
    fn fraction_places(&self, format: &DecimalFormat) -> Vec<usize> {
        let first = find(self.fraction, &format.grouping_separator);
        let left = first.map(|at| {
            self.fraction[..at]
                .chars()
                .filter(|c| format.is_digit(*c))
                .count()
        });
        left.into_iter().collect()
    }
}

fn ends_with(text: &str, property: &str) -> bool {
    !property.is_empty() && text.ends_with(property)
}

/// Mantissa and exponent of what is between `start` and `end`. The reference implementation takes the separator's place
/// in the whole sub-picture for its place in the active part: with a prefix the exponent begins later.
fn split_exponent<'p>(
    whole: &'p str,
    start: usize,
    end: usize,
    separator: &str,
) -> (&'p str, Option<&'p str>) {
    let active = &whole[start..end];
    let place = find(&whole[start..], separator).map(|at| at + start);
    let Some(place) = place.filter(|place| *place <= end) else {
        return (active, None);
    };
    let at = character_after(active, whole[..place].chars().count());
    let after = character_after(
        active,
        whole[..place].chars().count() + separator.chars().count(),
    );
    (&active[..at], Some(&active[after..]))
}

/// The place of a text's `count`-th character, or its end.
fn character_after(text: &str, count: usize) -> usize {
    text.char_indices()
        .nth(count)
        .map_or(text.len(), |(at, _)| at)
}

/// How many digits are right of each separator, from left to right.
fn places(integer: &str, format: &DecimalFormat) -> Vec<usize> {
    if format.grouping_separator.is_empty() {
        return Vec::new();
    }
    let mut right = 0;
    let mut places: Vec<usize> = integer
        .rsplit(format.grouping_separator.as_str())
        .map(|group| {
            right += group.chars().filter(|c| format.is_digit(*c)).count();
            right
        })
        .collect();
    places.pop();
    places.reverse();
    places
}

/// At least one digit is written, somewhere.
fn least_sizes(integer: &mut Part, fraction: &mut Part, has_exponent: bool, has_optional: bool) {
    if integer.least == 0 && fraction.most == 0 {
        if has_exponent {
            fraction.least = 1;
            fraction.most = 1;
        } else {
            integer.least = 1;
        }
    }
    if has_exponent && integer.least == 0 && has_optional {
        integer.least = 1;
    }
    if integer.least == 0 && fraction.least == 0 {
        fraction.least = 1;
    }
}
