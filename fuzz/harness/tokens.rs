//! Reads a dictionary in libFuzzer's format: a token in quotes on a line, with `\\`, `\"` and `\xAB` in it.

use std::fs;
use std::path::Path;

/// The tokens of a file.
pub fn read(path: &Path) -> Vec<String> {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| token(line).unwrap_or_else(|| panic!("not a token: {line}")))
        .collect()
}

fn token(line: &str) -> Option<String> {
    let mut rest = line.strip_prefix('"')?.strip_suffix('"')?.bytes();
    let mut bytes = Vec::new();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => escaped(&mut rest)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn escaped(rest: &mut impl Iterator<Item = u8>) -> Option<u8> {
    match rest.next()? {
        b'x' => {
            let digits = [rest.next()?, rest.next()?];
            u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()
        }
        other => Some(other),
    }
}
