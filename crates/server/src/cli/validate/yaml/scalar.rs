//! What a scalar stands for: YAML 1.2's core schema. `yes`, `on` and timestamps are strings.

use expr::json::{self, Value};
use saphyr_parser::Tag;

/// What a tag makes of a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It is read by the core schema.
    Plain,
    /// It is a string.
    Text,
    /// The tag is none that a definition can have.
    Foreign,
}

/// What a tag asks for; `quoted` where there is none.
pub(super) fn meaning(tag: Option<&Tag>, quoted: bool) -> Meaning {
    let Some(tag) = tag else {
        return if quoted {
            Meaning::Text
        } else {
            Meaning::Plain
        };
    };
    match (tag.is_yaml_core_schema(), tag.suffix.as_str()) {
        (true, "str") => Meaning::Text,
        (true, "int" | "float" | "bool" | "null") => Meaning::Plain,
        // The non-specific tag `!`.
        (false, "") => Meaning::Text,
        (false, _) if tag.handle.is_empty() && tag.suffix == "!" => Meaning::Text,
        _ => Meaning::Foreign,
    }
}

/// Whether a tag says of a container what it is anyway.
pub(super) fn is_container_tag(tag: &Tag) -> bool {
    tag.is_yaml_core_schema() && matches!(tag.suffix.as_str(), "map" | "seq")
}

/// Reads a plain scalar.
///
/// # Errors
///
/// Why JSON has no such value.
pub(super) fn plain(text: &str) -> Result<Value, String> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        _ => {}
    }
    if is_special_float(text) {
        return Err(format!(
            "JSON has no number {text}; quote it if it is a string"
        ));
    }
    match literal(text) {
        Some(literal) => json::parse(&literal).map_err(|error| error.message),
        None => Ok(Value::string(text)),
    }
}

fn is_special_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

/// The JSON literal of a number.
fn literal(text: &str) -> Option<String> {
    let radix = |digits: &str, radix| u64::from_str_radix(digits, radix).ok();
    if let Some(digits) = text.strip_prefix("0x") {
        return Some(radix(digits, 16)?.to_string());
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return Some(radix(digits, 8)?.to_string());
    }
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => ("-", unsigned),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_digits = !(whole.is_empty() && fraction.is_empty());
    if !(has_digits && all_digits(whole) && all_digits(fraction)) {
        return None;
    }
    let mut literal = format!("{sign}{}", without_leading_zeros(whole));
    if !fraction.is_empty() {
        literal = format!("{literal}.{fraction}");
    }
    if let Some(exponent) = exponent {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if digits.is_empty() || !all_digits(digits) {
            return None;
        }
        literal = format!("{literal}e{exponent}");
    }
    Some(literal)
}

fn without_leading_zeros(digits: &str) -> &str {
    match digits.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    }
}
