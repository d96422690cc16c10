//! `States.Base64Encode`, `States.Base64Decode`, `States.StringSplit`.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Evaluation, Failure, invalid};
use crate::Value;

/// The longest text that is encoded, decoded or hashed, in characters (spec: quotas.md).
pub(super) const MAX_CHARACTERS: usize = 10_000;

/// The text of an argument that may have 10,000 characters.
pub(super) fn short_text(value: &Value) -> Result<&str, Failure> {
    let text = value.as_str().ok_or_else(invalid)?;
    if text.encode_utf16().take(MAX_CHARACTERS + 1).count() > MAX_CHARACTERS {
        return Err(invalid());
    }
    Ok(text)
}

/// `States.Base64Encode(text)`: of the UTF-8 bytes, with padding.
pub(super) fn base64_encode(
    arguments: &[Value],
    evaluation: &mut Evaluation<'_>,
) -> Result<Value, Failure> {
    let encoded = base64::engine::general_purpose::STANDARD.encode(short_text(&arguments[0])?);
    evaluation.budget.text(encoded.len())?;
    Ok(encoded.into())
}

/// `States.Base64Decode(text)`, lenient as measured: characters outside the alphabet are skipped,
/// padding may be missing, and what follows it is ignored. Bytes that are not UTF-8 become U+FFFD.
pub(super) fn base64_decode(
    arguments: &[Value],
    evaluation: &mut Evaluation<'_>,
) -> Result<Value, Failure> {
    let text = short_text(&arguments[0])?;
    let mut symbols: Vec<u8> = text
        .bytes()
        .take_while(|byte| *byte != b'=')
        .filter_map(symbol)
        .collect();
    if symbols.len() % 4 == 1 {
        symbols.pop();
    }
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let bytes = GeneralPurpose::new(&STANDARD, config)
        .decode(symbols)
        .map_err(|_| invalid())?;
    evaluation.budget.text(bytes.len())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned().into())
}

/// A symbol of the standard alphabet; those of the URL-safe one are taken for their twins.
fn symbol(byte: u8) -> Option<u8> {
    match byte {
        b'-' => Some(b'+'),
        b'_' => Some(b'/'),
        b'+' | b'/' => Some(byte),
        _ => Some(byte).filter(u8::is_ascii_alphanumeric),
    }
}

/// `States.StringSplit(text, delimiters)`: splits at each character of `delimiters` and drops empty
/// parts (recorded: `", , ,"` at `","` is `[" "," "]`).
pub(super) fn split(
    arguments: &[Value],
    evaluation: &mut Evaluation<'_>,
) -> Result<Value, Failure> {
    let text = arguments[0].as_str().ok_or_else(invalid)?;
    let delimiters: std::collections::HashSet<char> =
        arguments[1].as_str().ok_or_else(invalid)?.chars().collect();
    evaluation.budget.text(text.len())?;
    let parts: Vec<Value> = text
        .split(|character| delimiters.contains(&character))
        .filter(|part| !part.is_empty())
        .map(Value::from)
        .collect();
    evaluation.budget.items(parts.len().saturating_mul(2))?;
    Ok(Value::array(parts))
}
