//! `$formatNumber` and `$formatBase`.

use super::{check, shown};
use crate::format::{DecimalFormat, format_base, format_number};

/// Value, picture, options and what is expected.
type Row<'r> = (f64, &'r str, &'r [(&'r str, &'r str)], &'r str);

fn check_numbers(rows: &[Row<'_>]) {
    check(rows.iter().map(|(value, picture, options, expected)| {
        let mut format = DecimalFormat::default();
        for (name, symbol) in *options {
            format.set(name, symbol);
        }
        let answer = shown(format_number(*value, picture, &format));
        (
            format!("{value} by {picture} {options:?}"),
            answer,
            (*expected).to_owned(),
        )
    }));
}

#[test]
fn digits_are_mandatory_or_optional() {
    check_numbers(&[
        (0.0, "0", &[], "0"),
        (0.0, "#", &[], "0"),
        (0.0, "#.##", &[], ".0"),
        (0.5, "#.##", &[], ".5"),
        (7.0, "000", &[], "007"),
        (1234.5, "0.00", &[], "1234.50"),
        (1234.5678, "0.0##", &[], "1234.568"),
        (12.0, "0.###", &[], "12"),
    ]);
}

#[test]
fn halves_are_rounded_to_even_in_decimal() {
    check_numbers(&[
        (0.5, "0", &[], "0"),
        (1.5, "0", &[], "2"),
        (2.5, "0", &[], "2"),
        (1.005, "0.00", &[], "1.00"),
        (1.015, "0.00", &[], "1.02"),
        (0.125, "0.00", &[], "0.12"),
        (9.996, "0.00", &[], "10.00"),
        // More digits than the decimal text of the number has.
        (905_032_055_452_466.1, "0.00", &[], "905032055452466.13"),
        (924_161_586_211_994.2, "0.#", &[], "924161586211994.3"),
        (99_999_999_999_999.98, "0.00", &[], "99999999999999.98"),
        (999_999_999_999_999.9, "0.00", &[], "999999999999999.75"),
    ]);
}

#[test]
fn groups_are_regular_or_where_the_picture_has_them() {
    check_numbers(&[
        (1_234_567.0, "#,##0", &[], "1,234,567"),
        (123.0, "#,##0", &[], "123"),
        (1_234_567_890.0, "##,##,##0", &[], "12345,67,890"),
        (123.0, "##,##,##0", &[], "123"),
        (12345.0, "##,##,##0", &[], "12,345"),
        (1.0, "0,000", &[], "0,001"),
        (1.23456, "0.000,000", &[], "1.234,560"),
        (1.5, "0.0##,###", &[], "1.5"),
    ]);
}

#[test]
fn negative_numbers_have_a_sign_or_a_picture() {
    check_numbers(&[
        (-1.0, "0", &[], "-1"),
        (-1.0, "$0.00", &[], "-$1.00"),
        (-1.0, "0;(0)", &[], "(1)"),
        (1.0, "0;(0)", &[], "1"),
        (-0.0, "0;(0)", &[], "0"),
        (-0.001, "0.00", &[], "-0.00"),
    ]);
}

#[test]
fn rates_and_exponents() {
    check_numbers(&[
        (0.256, "0.0%", &[], "25.6%"),
        (0.256, "0‰", &[], "256‰"),
        (123_456.0, "0.00e0", &[], "1.23e5"),
        (123_456.0, "000.0e0", &[], "123.5e3"),
        (-0.000_12, "0.0e00", &[], "-1.2e-04"),
        (0.0, "0.0e0", &[], "0.0e0"),
        (5e-324, "0.###e0", &[], "4.941e-324"),
        (f64::MAX, "0.0e0", &[], "1.8e308"),
    ]);
}

#[test]
fn symbols_can_be_others() {
    let european: &[(&str, &str)] = &[("decimal-separator", ","), ("grouping-separator", ".")];
    check_numbers(&[
        (1234.5, "#.##0,00", european, "1.234,50"),
        (12.5, "٠٠٠.٠", &[("zero-digit", "٠")], "٠١٢.٥"),
        (1.5, "𝟎.𝟎", &[("zero-digit", "𝟎")], "𝟏.𝟓"),
        (-1.0, "0", &[("minus-sign", "minus ")], "minus 1"),
        (0.5, "0 percent", &[("percent", "percent")], "50 percent"),
        (-5.0, "0|[0]", &[("pattern-separator", "|")], "[5]"),
        (5.0, "?0", &[("digit", "?"), ("unknown", "!")], "5"),
        (f64::INFINITY, "(0)", &[("infinity", "∞")], "(∞)"),
        (f64::NAN, "(0)", &[("NaN", "none")], "none"),
    ]);
}

#[test]
fn wrong_pictures_have_their_own_codes() {
    check_numbers(&[
        (1.0, "", &[], "D3085"),
        (1.0, "abc", &[], "D3086"),
        (1.0, "0;0;0", &[], "D3080"),
        (1.0, "0.0.0", &[], "D3081"),
        (1.0, "%0%", &[], "D3082"),
        (1.0, "‰0‰", &[], "D3083"),
        (1.0, "%0‰", &[], "D3084"),
        (1.0, ".", &[], "D3085"),
        (1.0, "0 0", &[], "D3086"),
        (1.0, "0,.0", &[], "D3087"),
        (1.0, "0.,0", &[], "D3087"),
        (1.0, "0,", &[], "D3088"),
        (1.0, "0,,000", &[], "D3089"),
        (1.0, "0#", &[], "D3090"),
        (1.0, "0.#0", &[], "D3091"),
        (1.0, "0e0%", &[], "D3092"),
        (1.0, "0e#", &[], "D3093"),
        (1.0, "0;0#", &[], "D3090"),
    ]);
}

#[test]
fn messages_are_those_of_the_reference() {
    let error = format_number(1.0, "1;2;3", &DecimalFormat::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "D3080: The picture string must only contain a maximum of two sub-pictures"
    );
    let error = format_base(1.0, 40.2).unwrap_err();
    assert_eq!(
        error.to_string(),
        "D3100: The radix of the formatBase function must be between 2 and 36.  It was given 40"
    );
}

#[test]
fn bases() {
    let rows: [(f64, f64, &str); 15] = [
        (255.0, 16.0, "ff"),
        (-255.0, 2.0, "-11111111"),
        (0.0, 2.0, "0"),
        (35.5, 36.0, "10"),
        (2.5, 2.0, "10"),
        (10.0, 2.5, "1010"),
        (10.0, 35.5, "a"),
        (10.0, 36.5, "a"),
        (10.0, 1.5, "1010"),
        (10.0, 0.0, "D3100"),
        (10.0, 37.0, "D3100"),
        (
            9_007_199_254_740_993.0,
            2.0,
            "100000000000000000000000000000000000000000000000000000",
        ),
        (1e21, 10.0, "1e+21"),
        (1e21, 36.0, "5v1j4f4ds7c000"),
        (123_456_789_012_345_680_000.0, 10.0, "123456789012345680000"),
    ];
    check(rows.iter().map(|(value, radix, expected)| {
        let answer = shown(format_base(*value, *radix));
        (
            format!("{value} in base {radix}"),
            answer,
            (*expected).to_owned(),
        )
    }));
}
