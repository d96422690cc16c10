//! `$formatInteger` and `$parseInteger`.

use super::{check, shown};
use crate::format::{format_integer, parse_integer};

fn check_written(rows: &[(f64, &str, &str)]) {
    check(rows.iter().map(|(value, picture, expected)| {
        let answer = shown(format_integer(*value, picture));
        (
            format!("{value} by {picture}"),
            answer,
            (*expected).to_owned(),
        )
    }));
}

fn check_read(rows: &[(&str, &str, Option<f64>)]) {
    check(rows.iter().map(|(text, picture, expected)| {
        let answer = parse_integer(text, picture).map(|value| format!("{value:?}"));
        (
            format!("{text:?} by {picture}"),
            shown(answer),
            format!("{expected:?}"),
        )
    }));
}

#[test]
fn digits() {
    check_written(&[
        (7.9, "0", "7"),
        (-7.1, "0", "-8"),
        (7.0, "#000", "007"),
        (1_234_567.0, "#,##0", "1,234,567"),
        (1_234_567.0, "0'000'000", "1'234'567"),
        (1_234_567.0, "##:##,##0", "12:34,567"),
        (12.0, "##:##,##0", "12"),
        (42.0, "०", "४२"),
        (42.0, "००,०००", "००,०४२"),
        (1e21, "0", "1e+21"),
        (5.0, "#", "D3130"),
        (5.0, "", "D3130"),
        (5.0, "0०", "D3131"),
    ]);
}

#[test]
fn ordinals() {
    check_written(&[
        (1.0, "0;o", "1st"),
        (2.0, "0;o", "2nd"),
        (3.0, "0;o", "3rd"),
        (4.0, "0;o", "4th"),
        (11.0, "0;o", "11th"),
        (12.0, "0;o", "12th"),
        (13.0, "0;o", "13th"),
        (21.0, "0;o", "21st"),
        (112.0, "0;o", "112th"),
        (1001.0, "#,##0;o(-en)", "1,001st"),
        (1001.0, "#,##0;c", "1,001"),
    ]);
}

#[test]
fn letters_and_roman_numerals() {
    check_written(&[
        (0.0, "a", ""),
        (26.0, "a", "z"),
        (703.0, "A", "AAA"),
        (-2.0, "A", "-B"),
        (2024.0, "I", "MMXXIV"),
        (3999.0, "i", "mmmcmxcix"),
        (5000.0, "I", "MMMMM"),
        (-4.0, "i", "-iv"),
        (10_000_001.0, "I", "D3130"),
        (1.0, "α", "D3130"),
    ]);
}

#[test]
fn words() {
    check_written(&[
        (0.0, "w", "zero"),
        (0.0, "Ww;o", "Zeroth"),
        (42.0, "Ww", "Forty-Two"),
        (40.0, "w;o", "fortieth"),
        (42.0, "W;o", "FORTY-SECOND"),
        (101.0, "w", "one hundred and one"),
        (1100.0, "w", "one thousand, one hundred"),
        (1_000_007.0, "w;o", "one million and seventh"),
        (-12.0, "w", "-twelve"),
        (1e24, "w", "one trillion trillion"),
        (f64::INFINITY, "w", "Infinity"),
    ]);
}

#[test]
fn unknown_sequences_are_named() {
    let error = format_integer(1.0, "\"x\"").unwrap_err();
    assert_eq!(
        error.to_string(),
        "D3130: Formatting or parsing an integer as a sequence starting with \"\\\"x\\\"\" is not supported by this \
         implementation"
    );
}

#[test]
fn texts_are_read_leniently() {
    check_read(&[
        ("12", "0", Some(12.0)),
        (" 12 apples", "0", Some(12.0)),
        ("-12", "0", Some(-12.0)),
        ("1,234,567", "#,##0", Some(1_234_567.0)),
        ("1.234", "#.##0", Some(1.0)),
        ("12:34,567", "##:##,##0", Some(1_234_567.0)),
        ("22nd", "0;o", Some(22.0)),
        ("४२", "०", Some(42.0)),
        ("42", "०", None),
        ("", "0", None),
        ("none", "0", None),
        ("mmxxiv", "i", Some(2024.0)),
        ("MMXXIV", "i", Some(2024.0)),
        ("mmxxiv", "I", None),
        ("aaa", "a", Some(703.0)),
        ("", "a", Some(0.0)),
    ]);
}

#[test]
fn words_are_read() {
    check_read(&[
        ("zero", "w", Some(0.0)),
        ("Forty-Two", "w", Some(42.0)),
        ("forty-second", "w;o", Some(42.0)),
        (
            "two million, three hundred and one thousand and six",
            "w",
            Some(2_301_006.0),
        ),
        ("nineteen hundred and eighty-four", "w", Some(1984.0)),
        ("one trillion trillion", "w", Some(1e24)),
        ("one or two", "w", None),
        ("", "w", None),
    ]);
}

#[test]
fn what_is_written_in_words_is_read_back() {
    for value in (0..3_000_000).step_by(1709) {
        for picture in ["w", "Ww;o", "i", "A", "#,##0", "##:##,#٠0"] {
            let value = f64::from(value);
            let Ok(text) = format_integer(value, picture) else {
                assert_eq!(picture, "##:##,#٠0");
                continue;
            };
            assert_eq!(
                parse_integer(&text, picture).unwrap(),
                Some(value),
                "{text} by {picture}"
            );
        }
    }
}
