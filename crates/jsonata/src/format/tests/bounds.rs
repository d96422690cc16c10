//! Whatever comes in, an answer comes out, and it is not much longer than what came in.

use crate::format::{
    DecimalFormat, format_base, format_integer, format_number, from_millis, parse_integer,
    to_millis,
};

/// The longest answer per byte of picture: a width of 256 takes eight bytes to write.
const LARGEST_FACTOR: usize = 300;

const SMALL: usize = 1000;

fn check_length(call: &str, input: usize, answer: usize) {
    let most = SMALL + input * LARGEST_FACTOR;
    assert!(answer <= most, "{call}: {answer} bytes of {input}");
}

/// A generator of numbers that anyone can repeat.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 27)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn text(&mut self, alphabet: &[&str], longest: usize) -> String {
        let length = self.below(longest + 1);
        (0..length)
            .map(|_| alphabet[self.below(alphabet.len())])
            .collect()
    }

    fn number(&mut self) -> f64 {
        match self.below(4) {
            0 => f64::from_bits(self.next()),
            1 => self.next() as i64 as f64,
            2 => self.below(100_000) as f64 / 8.0,
            _ => [
                0.0,
                -0.0,
                f64::NAN,
                f64::INFINITY,
                f64::MAX,
                5e-324,
                1e300,
                -8.64e15,
            ][self.below(8)],
        }
    }
}

const NUMBER_PIECES: [&str; 18] = [
    "0", "#", ",", ".", "e", "%", "‰", ";", "9", "٠", "０", "𝟎", "x", " ", "-", "0,000", "##0.00",
    "é",
];

const DATE_PIECES: [&str; 30] = [
    "[",
    "]",
    "[[",
    "]]",
    "Y",
    "[Y]",
    "[M",
    "N",
    "n",
    "[D1o]",
    ",",
    "3-3",
    "*",
    "99999999",
    "-",
    "[Z]",
    "[z01:01t]",
    "[f001]",
    "[W]",
    "[x",
    "[H01]",
    "[h]",
    "[P]",
    "[dwo]",
    "w",
    "I",
    "é",
    " ",
    "[FNn]",
    "0",
];

const TEXT_PIECES: [&str; 22] = [
    "1", "20", "2024", "-", ":", " ", "T", "Z", "+05", "GMT", "th", "st", "one", "hundred", "and",
    "February", "pm", "MM", "é", "𝟎", "\u{feff}", "[",
];

#[test]
fn random_calls() {
    for seed in 0..3000 {
        let mut random = Random(seed);
        println!("seed {seed}");
        let (value, text) = (random.number(), random.text(&TEXT_PIECES, 8));
        let (number, date) = (
            random.text(&NUMBER_PIECES, 8),
            random.text(&DATE_PIECES, 10),
        );
        let answers = [
            format_number(value, &number, &DecimalFormat::default()),
            format_integer(value, &number),
            from_millis(value, Some(&date), None),
            from_millis(value, Some(&date), Some(&text)),
            format_base(value, random.below(40) as f64),
        ];
        for answer in answers.into_iter().flatten() {
            check_length(
                &format!("seed {seed}"),
                number.len() + date.len(),
                answer.len() / 4,
            );
        }
        for picture in [&number, &date] {
            let millis = to_millis(&text, Some(picture), 0).ok().flatten();
            assert!(millis.is_none_or(f64::is_finite), "seed {seed}");
            let integer = parse_integer(&text, picture).ok().flatten();
            assert!(integer.is_none_or(f64::is_finite), "seed {seed}");
        }
    }
}

#[test]
fn wide_pictures() {
    for width in [
        "[Y,9999999]",
        "[Y,9999999-9999999]",
        "[f,99999999999999999999]",
        "[D,1-9999999]",
    ] {
        let answer = from_millis(0.0, Some(width), None).unwrap();
        check_length(width, width.len(), answer.len());
    }
    for piece in [
        "0",
        "#",
        "0,",
        "0,0",
        ".0",
        "0:",
        "[Y]",
        "[",
        "]",
        "[Y,9999999]",
    ] {
        let picture = format!("{}0", piece.repeat(20_000));
        let answers = [
            format_number(1.5, &picture, &DecimalFormat::default()),
            format_integer(1.5, &picture),
            from_millis(0.0, Some(&picture), None),
        ];
        for answer in answers.into_iter().flatten() {
            check_length(piece, picture.len(), answer.len());
        }
    }
}

/// Parts that could share the text in very many ways are tried in bounded work, or not at all.
#[test]
fn texts_with_many_ways_to_read_them() {
    let rows = [
        ("1", "[H#1]"),
        ("1", "[Y1]"),
        ("a", "[MNn]"),
        ("one ", "[Yw]"),
        ("+1", "[Z0]"),
        ("m", "[Yi]"),
        ("aa", "a"),
    ];
    for (text, picture) in rows {
        for (texts, pictures) in [(300, 300), (30, 20), (50_000, 2), (50_000, 50_000)] {
            let text = text.repeat(texts) + "!";
            match to_millis(&text, Some(&picture.repeat(pictures)), 0) {
                Ok(millis) => assert_eq!(millis, None, "{picture}"),
                Err(error) => assert_eq!(error.code, "U1003", "{picture}"),
            }
        }
    }
}

#[test]
fn long_symbols_are_cut_off() {
    let mut format = DecimalFormat::default();
    format.set("minus-sign", &"-".repeat(1_000_000));
    format.set("infinity", &"∞".repeat(1_000_000));
    let answer = format_number(-1.0, "0", &format).unwrap();
    assert_eq!(answer, format!("{}1", "-".repeat(100)));
    let answer = format_number(f64::INFINITY, "0", &format).unwrap();
    assert_eq!(answer, "∞".repeat(100));
}
