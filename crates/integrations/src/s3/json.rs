//! Where JSON values end, without looking at what they are: enough to cut items out of a text that is never there whole.

/// What there is at the beginning of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Its end is not there yet.
    More,
    /// A value of so many bytes.
    Value(usize),
    /// No value.
    Nothing,
}

/// How many bytes of white space there are.
pub(super) fn space(bytes: &[u8]) -> usize {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    bytes.iter().take_while(|byte| is_space(byte)).count()
}

/// The value at the beginning.
pub(super) fn value(bytes: &[u8], is_at_end: bool) -> Found {
    match bytes.first() {
        None => Found::More,
        Some(b'"') => ended(string(bytes)),
        Some(b'[' | b'{') => ended(container(bytes)),
        Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => scalar(bytes, is_at_end),
        Some(_) => Found::Nothing,
    }
}

fn ended(end: Option<usize>) -> Found {
    end.map_or(Found::More, Found::Value)
}

fn string(bytes: &[u8]) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn container(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += string(&bytes[at..])?;
                continue;
            }
            b'[' | b'{' => depth += 1,
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

fn scalar(bytes: &[u8], is_at_end: bool) -> Found {
    let is_end = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r');
    match bytes.iter().position(is_end) {
        Some(end) => Found::Value(end),
        None if is_at_end => Found::Value(bytes.len()),
        None => Found::More,
    }
}
