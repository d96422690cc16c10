//! `$fromMillis`.

use super::{check, shown};
use crate::format::from_millis;

/// 2024-02-29T13:05:09.042Z, a Thursday.
const LEAP_DAY: f64 = 1_709_211_909_042.0;

fn check_pictures(rows: &[(f64, &str, Option<&str>, &str)]) {
    check(rows.iter().map(|(millis, picture, zone, expected)| {
        let answer = shown(from_millis(*millis, Some(picture), *zone));
        (
            format!("{millis} by {picture} in {zone:?}"),
            answer,
            (*expected).to_owned(),
        )
    }));
}

#[test]
fn without_a_picture_it_is_iso_8601() {
    let rows: [(f64, Option<&str>, &str); 10] = [
        (0.0, None, "1970-01-01T00:00:00.000Z"),
        (LEAP_DAY, None, "2024-02-29T13:05:09.042Z"),
        (-1.0, None, "1969-12-31T23:59:59.999Z"),
        (1.9, None, "1970-01-01T00:00:00.001Z"),
        (-62_167_219_200_000.0, None, "0000-01-01T00:00:00.000Z"),
        (-62_198_755_200_000.0, None, "-0001-01-01T00:00:00.000Z"),
        (LEAP_DAY, Some("+0530"), "2024-02-29T18:35:09.042+05:30"),
        (LEAP_DAY, Some("-0330"), "2024-02-29T09:35:09.042-03:30"),
        (LEAP_DAY, Some("0000"), "2024-02-29T13:05:09.042Z"),
        (LEAP_DAY, Some("Europe/Berlin"), "D3134"),
    ];
    check(rows.iter().map(|(millis, zone, expected)| {
        let answer = shown(from_millis(*millis, None, *zone));
        (
            format!("{millis} in {zone:?}"),
            answer,
            (*expected).to_owned(),
        )
    }));
}

#[test]
fn components() {
    check_pictures(&[
        (LEAP_DAY, "[Y]/[M]/[D]", None, "2024/2/29"),
        (LEAP_DAY, "[M01]-[D01]-[Y01]", None, "02-29-24"),
        (
            LEAP_DAY,
            "[Y,2-2] [Y0001] [Y9,999,*]",
            None,
            "24 2024 2,024",
        ),
        (
            LEAP_DAY,
            "[d] [d0001] [F1] [FNn]",
            None,
            "60 0060 4 Thursday",
        ),
        (
            LEAP_DAY,
            "[H]:[m]:[s].[f001] [h#1] [P] [PN]",
            None,
            "13:05:09.042 1 pm PM",
        ),
        (LEAP_DAY, "[C] [E]", None, "ISO ISO"),
        (0.0, "[H] [h] [P]", None, "0 12 am"),
        (43_200_000.0, "[H] [h] [P]", None, "12 12 pm"),
    ]);
}

#[test]
fn names_words_and_numerals() {
    check_pictures(&[
        (
            LEAP_DAY,
            "[MNn] [MN] [Mn] [xN]",
            None,
            "February FEBRUARY february FEBRUARY",
        ),
        (
            LEAP_DAY,
            "[MNn,3-3] [FN,*-2] [FNn,3-9]",
            None,
            "Feb TH Thursday",
        ),
        (
            LEAP_DAY,
            "[D1o] [Dwo] [DWwo] [DW]",
            None,
            "29th twenty-ninth Twenty-Ninth TWENTY-NINE",
        ),
        (LEAP_DAY, "[YI] [Mi] [Da] [DA]", None, "MMXXIV ii ac AC"),
        (LEAP_DAY, "[D०१]", None, "२९"),
        (LEAP_DAY, "[ D 1 o ]", None, "29th"),
    ]);
}

#[test]
fn weeks() {
    let day = 86_400_000.0;
    check_pictures(&[
        (LEAP_DAY, "[X]-W[W01]-[F1]", None, "2024-W09-4"),
        (LEAP_DAY, "[w] of [xNn]", None, "5 of February"),
        (LEAP_DAY + day, "[w] of [xNn]", None, "5 of February"),
        (LEAP_DAY + 4.0 * day, "[w] of [xNn]", None, "1 of March"),
        // 2021-01-01, a Friday, and 2024-12-30, a Monday.
        (
            1_609_459_200_000.0,
            "[X]-W[W01]-[F1] [w] of [xNn]",
            None,
            "2020-W53-5 5 of December",
        ),
        (
            1_735_516_800_000.0,
            "[X]-W[W01]-[F1] [w] of [xNn]",
            None,
            "2025-W01-1 1 of January",
        ),
    ]);
}

#[test]
fn zones() {
    check_pictures(&[
        (0.0, "[H]:[m][Z]", Some("+0130"), "1:30+01:30"),
        (
            0.0,
            "[Z] [Z0] [Z00] [Z0000] [z]",
            Some("-0800"),
            "-08:00 -8 -08 -0800 GMT-08:00",
        ),
        (
            0.0,
            "[Z] [Z0] [Z00] [Z0000] [z0]",
            Some("-0930"),
            "-09:30 -9:30 -09:30 -0930 GMT-9:30",
        ),
        (0.0, "[Z0] [Z00:00]", Some("-0030"), "-0:30 -00:30"),
        (0.0, "[Z] [Z0t] [Z01:01t]", None, "+00:00 Z Z"),
        (0.0, "[Z00000]", None, "D3134"),
        (0.0, "[ZN]", None, "D3134"),
    ]);
}

#[test]
fn brackets_are_doubled() {
    check_pictures(&[
        (0.0, "", None, ""),
        (0.0, "[[[Y]]]", None, "[1970]"),
        (0.0, "a]b]]c", None, "a]b]c"),
        (0.0, "[[", None, "["),
        (0.0, "[", None, "D3135"),
        (0.0, "[Y", None, "D3135"),
        (0.0, "é[Y]é", None, "é1970é"),
    ]);
}

#[test]
fn wrong_components() {
    check_pictures(&[
        (0.0, "[]", None, "D3132"),
        (0.0, "[Q]", None, "D3132"),
        (0.0, "[Q1]", None, "D3132"),
        (0.0, "[é]", None, "D3132"),
        (0.0, "[DNn]", None, "D3133"),
        (0.0, "[fN]", None, "D3133"),
        (0.0, "[Yx]", None, "D3130"),
        (0.0, "[Y0०]", None, "D3131"),
    ]);
    let error = from_millis(0.0, Some("[Hn]"), None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "D3133: The 'name' modifier can only be applied to months and days in the date/time picture string, not \"H\""
    );
}

#[test]
fn pictures_have_an_end() {
    let answer = |parts| shown(from_millis(0.0, Some(&"[D]".repeat(parts)), None));
    assert_eq!(answer(10_000), "1".repeat(10_000));
    assert_eq!(answer(20_000), "U1003");
}

#[test]
fn the_ends_of_time() {
    check_pictures(&[
        (8.64e15, "[Y]-[M]-[D] [FNn]", None, "275760-9-13 Saturday"),
        (-8.64e15, "[Y]-[M]-[D] [FNn]", None, "-271821-4-20 Tuesday"),
        (8.640_000_000_000_001e15, "[Y] [FNn]", None, "D1001"),
        (f64::NAN, "[H01]", None, "D1001"),
        (1e300, "[Y]", Some("+0100"), "D1001"),
    ]);
}
