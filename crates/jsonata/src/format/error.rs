//! The errors of this folder, in the words of the reference implementation.

use crate::error::Error;
use crate::message::quoted;

/// What is wrong with the picture of `$formatNumber`, by code.
const DECIMAL_PICTURE: [(&str, &str); 14] = [
    (
        "D3080",
        "The picture string must only contain a maximum of two sub-pictures",
    ),
    (
        "D3081",
        "The sub-picture must not contain more than one instance of the 'decimal-separator' character",
    ),
    (
        "D3082",
        "The sub-picture must not contain more than one instance of the 'percent' character",
    ),
    (
        "D3083",
        "The sub-picture must not contain more than one instance of the 'per-mille' character",
    ),
    (
        "D3084",
        "The sub-picture must not contain both a 'percent' and a 'per-mille' character",
    ),
    (
        "D3085",
        "The mantissa part of a sub-picture must contain at least one character that is either an 'optional digit \
         character' or a member of the 'decimal digit family'",
    ),
    (
        "D3086",
        "The sub-picture must not contain a passive character that is preceded by an active character and that is \
         followed by another active character",
    ),
    (
        "D3087",
        "The sub-picture must not contain a 'grouping-separator' character that appears adjacent to a \
         'decimal-separator' character",
    ),
    (
        "D3088",
        "The sub-picture must not contain a 'grouping-separator' at the end of the integer part",
    ),
    (
        "D3089",
        "The sub-picture must not contain two adjacent instances of the 'grouping-separator' character",
    ),
    (
        "D3090",
        "The integer part of the sub-picture must not contain a member of the 'decimal digit family' that is \
         followed by an instance of the 'optional digit character'",
    ),
    (
        "D3091",
        "The fractional part of the sub-picture must not contain an instance of the 'optional digit character' that \
         is followed by a member of the 'decimal digit family'",
    ),
    (
        "D3092",
        "A sub-picture that contains a 'percent' or 'per-mille' character must not contain a character treated as \
         an 'exponent-separator'",
    ),
    (
        "D3093",
        "The exponent part of the sub-picture must comprise only of one or more characters that are members of the \
         'decimal digit family'",
    ),
];

/// One of `D3080` to `D3093`.
pub(super) fn decimal_picture(code: &'static str) -> Error {
    let text = DECIMAL_PICTURE.iter().find(|(known, _)| *known == code);
    Error::new(code, text.map_or("", |(_, text)| text))
}

/// `D1001`; the number as JSON text.
pub(super) fn out_of_range(number: &str) -> Error {
    Error::with("D1001", &[("value", number)])
}

/// `D3100`; the radix as JSON text.
pub(super) fn radix(given: &str) -> Error {
    Error::new(
        "D3100",
        format!(
            "The radix of the formatBase function must be between 2 and 36.  It was given {given}"
        ),
    )
}

/// `D3110`
pub(super) fn not_a_timestamp(text: &str) -> Error {
    let given = quoted(text);
    Error::new(
        "D3110",
        format!(
            "The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given {given}"
        ),
    )
}

/// `D3130`
pub(super) fn unknown_sequence(start: &str) -> Error {
    let start = quoted(start);
    Error::new(
        "D3130",
        format!(
            "Formatting or parsing an integer as a sequence starting with {start} is not supported by this \
             implementation"
        ),
    )
}

/// `D3131`
pub(super) fn mixed_digits() -> Error {
    Error::new(
        "D3131",
        "In a decimal digit pattern, all digits must be from the same decimal group",
    )
}

/// `D3132`
pub(super) fn unknown_component(component: &str) -> Error {
    let component = quoted(component);
    Error::new(
        "D3132",
        format!("Unknown component specifier {component} in date/time picture string"),
    )
}

/// `D3133`
pub(super) fn no_name(component: char) -> Error {
    Error::new(
        "D3133",
        format!(
            "The 'name' modifier can only be applied to months and days in the date/time picture string, not \
             \"{component}\""
        ),
    )
}

/// `D3134`
pub(super) fn bad_zone() -> Error {
    Error::new(
        "D3134",
        "The timezone integer format specifier cannot have more than four digits",
    )
}

/// `D3135`
pub(super) fn no_bracket() -> Error {
    Error::new(
        "D3135",
        "No matching closing bracket ']' in date/time picture string",
    )
}

/// `D3136`
pub(super) fn not_enough() -> Error {
    Error::new(
        "D3136",
        "The date/time picture string is missing specifiers required to parse the timestamp",
    )
}
