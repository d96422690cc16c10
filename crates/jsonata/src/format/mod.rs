//! The formatting half of JSONata's functions: numbers and instants to text by XPath pictures, and back.
//!
//! Owns the picture languages (`$formatNumber`, `$formatInteger`, `$fromMillis` and what reads them back) and numbers
//! as JavaScript writes them. It works on numbers and strings only: it knows no expression, no JSON value and no clock.
//!
//! The reference implementation decides (jsonata-js 2.0, and 2.2 where the official suite asks for it), with these
//! exceptions, where what it answers is of use to nobody:
//!
//! - a grouping separator whose place is outside of the digits is left out (there it loses or moves digits);
//! - `$formatNumber` writes numbers from `1e21` on in full (there it groups the letters of `1e+21`);
//! - `-0330` is three and a half hours west, written and read (there `-0430` and `-0230`);
//! - an unknown component is `D3132` also with a modifier, a time zone that is no number is `D3134`;
//! - widths end at 256, Roman numerals at ten million (`D3130`), pictures of dates at ten thousand parts (`U1003`);
//! - an instant out of the range of JavaScript's dates is `D1001` (there its parts are `NaN`);
//! - where it answers NaN, the answer is nothing.
//!
//! A result is at most a small factor longer than its picture or its text, and takes time in proportion to it; reading
//! a date takes the product of both lengths, which is bounded.

mod base;
mod calendar;
mod component;
mod date_match;
mod date_picture;
mod date_read;
mod date_write;
mod decimal;
mod decimal_format;
mod decimal_picture;
mod error;
mod integer;
mod integer_picture;
mod iso8601;
mod javascript;
mod numerals;
mod words;

#[cfg(test)]
mod tests;

pub(crate) use base::format_base;
pub(crate) use date_read::to_millis;
pub(crate) use date_write::from_millis;
pub(crate) use decimal::format_number;
pub(crate) use decimal_format::DecimalFormat;
pub(crate) use integer::{format_integer, parse_integer};
pub(crate) use javascript::{number_text, round, tidy};
