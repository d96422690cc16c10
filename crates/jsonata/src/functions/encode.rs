//! Base64 and URLs.

use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::text;
use crate::error::Error;
use crate::eval::{Machine, Outcome};
use crate::message::quoted;
use crate::value::Item;

/// Takes texts with and without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub(super) fn base64_encode(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let Some(text) = text(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    machine.make_text(text.len() * 2)?;
    machine.refund(text.len() * 2);
    machine.text(BASE64.encode(text))
}

/// What is no Base64 is skipped; bytes that are no UTF-8 become U+FFFD.
pub(super) fn base64_decode(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let Some(text) = text(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    machine.make_text(text.len() * 4)?;
    let mut digits: Vec<u8> = text
        .bytes()
        .take_while(|byte| *byte != b'=')
        .filter_map(|byte| match byte {
            b'-' => Some(b'+'),
            b'_' => Some(b'/'),
            other => {
                (other.is_ascii_alphanumeric() || matches!(other, b'+' | b'/')).then_some(other)
            }
        })
        .collect();
    if digits.len() % 4 == 1 {
        digits.pop();
    }
    let bytes = BASE64.decode(digits).unwrap_or_default();
    let decoded = String::from_utf8_lossy(&bytes).into_owned();
    drop(bytes);
    machine.refund(text.len() * 4);
    machine.text(decoded)
}

/// Never written as escapes.
const UNRESERVED: &[u8] = b"-_.!~*'()";
/// What separates the parts of a URL.
const RESERVED: &[u8] = b";,/?:@&=+$#";

pub(super) fn encode_url(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    encode(machine, arguments, |byte| {
        UNRESERVED.contains(&byte) || RESERVED.contains(&byte)
    })
}

pub(super) fn encode_url_component(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    encode(machine, arguments, |byte| UNRESERVED.contains(&byte))
}

fn encode(machine: &mut Machine<'_>, arguments: &[Item], stays: fn(u8) -> bool) -> Outcome {
    let Some(text) = text(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    machine.make_text(text.len() * 3)?;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || stays(byte) {
            encoded.push(char::from(byte));
        } else {
            let digit = |half: u8| char::from(b"0123456789ABCDEF"[usize::from(half)]);
            encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    machine.refund(text.len() * 3);
    machine.text(encoded)
}

pub(super) fn decode_url(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    decode(machine, arguments, "decodeUrl", RESERVED)
}

pub(super) fn decode_url_component(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    decode(machine, arguments, "decodeUrlComponent", b"")
}

/// Resolves escapes, except of the kept characters.
fn decode(machine: &mut Machine<'_>, arguments: &[Item], function: &str, kept: &[u8]) -> Outcome {
    let Some(text) = text(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    machine.make_text(text.len())?;
    let malformed = || {
        let details = [("functionName", function), ("value", &*quoted(text))];
        Error::with("D3140", &details)
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first != b'%' {
            bytes.push(*first);
            rest = after;
            continue;
        }
        let digits = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .ok_or_else(malformed)?;
        if kept.contains(&byte) {
            bytes.extend_from_slice(&rest[..3]);
        } else {
            bytes.push(byte);
        }
        rest = &after[2..];
    }
    let decoded = String::from_utf8(bytes).map_err(|_| malformed())?;
    machine.refund(text.len());
    machine.text(decoded)
}
