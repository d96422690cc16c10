//! Numbers in English words, and back.

const SMALL: [(&str, &str); 20] = [
    ("Zero", "Zeroth"),
    ("One", "First"),
    ("Two", "Second"),
    ("Three", "Third"),
    ("Four", "Fourth"),
    ("Five", "Fifth"),
    ("Six", "Sixth"),
    ("Seven", "Seventh"),
    ("Eight", "Eighth"),
    ("Nine", "Ninth"),
    ("Ten", "Tenth"),
    ("Eleven", "Eleventh"),
    ("Twelve", "Twelfth"),
    ("Thirteen", "Thirteenth"),
    ("Fourteen", "Fourteenth"),
    ("Fifteen", "Fifteenth"),
    ("Sixteen", "Sixteenth"),
    ("Seventeen", "Seventeenth"),
    ("Eighteen", "Eighteenth"),
    ("Nineteen", "Nineteenth"),
];

const TENS: [(&str, &str); 8] = [
    ("Twenty", "Twentieth"),
    ("Thirty", "Thirtieth"),
    ("Forty", "Fortieth"),
    ("Fifty", "Fiftieth"),
    ("Sixty", "Sixtieth"),
    ("Seventy", "Seventieth"),
    ("Eighty", "Eightieth"),
    ("Ninety", "Ninetieth"),
];

/// From the largest down: a trillion trillion is said so.
const LARGE: [(&str, &str, f64); 5] = [
    ("Trillion", "Trillionth", 1e12),
    ("Billion", "Billionth", 1e9),
    ("Million", "Millionth", 1e6),
    ("Thousand", "Thousandth", 1e3),
    ("Hundred", "Hundredth", 1e2),
];

/// A finite integer that is not negative, in title case; `ordinal` makes the last word `First` of `One`.
pub(super) fn words(value: f64, ordinal: bool) -> String {
    let mut text = String::new();
    write(&mut text, value, ordinal);
    text
}

/// Goes down at least a factor of a hundred each time: the depth is at most some thirty.
fn write(text: &mut String, value: f64, ordinal: bool) {
    let choose =
        |(cardinal, last): (&'static str, &'static str)| if ordinal { last } else { cardinal };
    if value < 20.0 {
        text.push_str(choose(SMALL[value.max(0.0) as usize]));
        return;
    }
    if value < 100.0 {
        return write_tens(text, value, ordinal);
    }
    let large = LARGE.into_iter().find(|(.., size)| value >= *size);
    let (cardinal, last, size) = large.unwrap_or(LARGE[LARGE.len() - 1]);
    let count = (value / size).floor();
    let rest = value - count * size;
    write(text, count, false);
    text.push(' ');
    if rest <= 0.0 {
        return text.push_str(choose((cardinal, last)));
    }
    text.push_str(cardinal);
    text.push_str(if rest < 100.0 { " and " } else { ", " });
    write(text, rest, ordinal);
}

fn write_tens(text: &mut String, value: f64, ordinal: bool) {
    let (cardinal, last) = TENS[(value / 10.0) as usize - 2];
    let ones = value % 10.0;
    if ones > 0.0 {
        text.push_str(cardinal);
        text.push('-');
        write(text, ones, ordinal);
    } else {
        text.push_str(if ordinal { last } else { cardinal });
    }
}

/// The number that lower-case words stand for; NaN where one is none.
pub(super) fn read_words(text: &str) -> f64 {
    let mut settled = 0.0;
    let mut current = 0.0;
    for word in split(text) {
        let value = word_value(word);
        if value >= 100.0 || value.is_nan() {
            current *= value;
        } else if current >= 1000.0 {
            settled += current;
            current = value;
        } else {
            current += value;
        }
    }
    settled + current
}

/// The words between `, `, ` and `, spaces, hyphens and backslashes.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let separator = text.char_indices().find_map(|(at, _)| {
            let length = separator_length(&text[at..])?;
            Some((at, length))
        });
        let (word, after) = match separator {
            Some((at, length)) => (&text[..at], Some(&text[at + length..])),
            None => (text, None),
        };
        rest = after;
        Some(word)
    })
}

/// The length of the separator that the text begins with.
fn separator_length(text: &str) -> Option<usize> {
    let is_space = super::javascript::is_space;
    let mut characters = text.chars();
    let first = characters.next()?;
    if first == ',' {
        let space = characters.next().filter(|c| is_space(*c))?;
        return Some(1 + space.len_utf8());
    }
    if !is_space(first) && first != '-' && first != '\\' {
        return None;
    }
    let after_and = characters
        .as_str()
        .strip_prefix("and")
        .filter(|_| is_space(first));
    let space = after_and
        .and_then(|rest| rest.chars().next())
        .filter(|c| is_space(*c));
    Some(first.len_utf8() + space.map_or(0, |space| 3 + space.len_utf8()))
}

fn word_value(word: &str) -> f64 {
    let is = |known: &str| known.eq_ignore_ascii_case(word);
    if let Some(value) = SMALL
        .iter()
        .position(|(cardinal, last)| is(cardinal) || is(last))
    {
        return value as f64;
    }
    if let Some(tens) = TENS
        .iter()
        .position(|(cardinal, last)| is(cardinal) || is(last))
    {
        return (tens as f64 + 2.0) * 10.0;
    }
    let large = LARGE
        .iter()
        .find(|(cardinal, last, _)| is(cardinal) || is(last));
    large.map_or(f64::NAN, |(.., size)| *size)
}

/// The lengths of the words and separators that a text may go on with, where words are read from a longer text.
pub(super) fn token_lengths(text: &str) -> impl Iterator<Item = usize> {
    let words = SMALL
        .iter()
        .chain(&TENS)
        .flat_map(|(cardinal, last)| [*cardinal, *last]);
    let large = LARGE
        .iter()
        .flat_map(|(cardinal, last, _)| [*cardinal, *last]);
    words
        .chain(large)
        .chain(["and", "-", ",", " "])
        .filter(|word| starts_with(text, word))
        .map(str::len)
}

fn starts_with(text: &str, word: &str) -> bool {
    let head = text.as_bytes().get(..word.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()))
}
