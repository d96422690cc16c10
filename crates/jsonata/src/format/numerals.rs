//! Roman numerals, and letters as spreadsheets count their columns.

const ROMAN: [(f64, &str); 13] = [
    (1000.0, "m"),
    (900.0, "cm"),
    (500.0, "d"),
    (400.0, "cd"),
    (100.0, "c"),
    (90.0, "xc"),
    (50.0, "l"),
    (40.0, "xl"),
    (10.0, "x"),
    (9.0, "ix"),
    (5.0, "v"),
    (4.0, "iv"),
    (1.0, "i"),
];

/// The largest number written in Roman numerals: ten thousand times `m`, where the reference implementation runs out of
/// stack.
pub(super) const LARGEST_ROMAN: f64 = 10_000_000.0;

/// Lower case; nothing for zero. The value is an integer up to [`LARGEST_ROMAN`].
pub(super) fn roman(value: f64) -> String {
    let mut rest = value.min(LARGEST_ROMAN);
    let mut text = String::new();
    for (size, numeral) in ROMAN {
        while rest >= size {
            text.push_str(numeral);
            rest -= size;
        }
    }
    text
}

/// The number that upper-case numerals stand for, in any order; NaN where one is none.
pub(super) fn read_roman(text: &str) -> f64 {
    let mut sum = 0.0;
    let mut largest = 1.0;
    for numeral in text.chars().rev() {
        let value = roman_value(numeral);
        if value < largest {
            sum -= value;
        } else {
            largest = value;
            sum += value;
        }
    }
    sum
}

fn roman_value(numeral: char) -> f64 {
    match numeral {
        'M' => 1000.0,
        'D' => 500.0,
        'C' => 100.0,
        'L' => 50.0,
        'X' => 10.0,
        'V' => 5.0,
        'I' => 1.0,
        _ => f64::NAN,
    }
}

/// `a`, `b`, ... `z`, `aa`; nothing for zero. The value is a finite integer, `first` is `a` or `A`.
pub(super) fn letters(value: f64, first: u8) -> String {
    let mut rest = value;
    let mut letters = Vec::new();
    while rest > 0.0 {
        let place = (rest - 1.0) % 26.0;
        letters.push(char::from(first + (place as u8).min(25)));
        rest = ((rest - 1.0) / 26.0).floor();
    }
    letters.iter().rev().collect()
}

/// The number that letters stand for, in the arithmetic of the reference implementation: any character counts by its
/// distance from `first`.
pub(super) fn read_letters(text: &str, first: u8) -> f64 {
    let units: Vec<u16> = text.encode_utf16().collect();
    let values = units.iter().rev().zip(0u32..).map(|(unit, place)| {
        let letter = f64::from(*unit) - f64::from(first) + 1.0;
        letter * 26f64.powf(f64::from(place))
    });
    values.sum()
}
