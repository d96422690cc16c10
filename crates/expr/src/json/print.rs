//! Printing: compact JSON, escaped as Jackson escapes it.

use std::fmt::Write;

use super::Value;

/// Appends the compact text of a value. Recursive: values are never nested deeper than
/// [`super::MAX_DEPTH`].
pub(super) fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write!(out, "{number}").expect("writing to a string"),
        Value::String(text) => write_string(text, out),
        Value::Array(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                separate(place, out);
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (place, (key, item)) in members.iter().enumerate() {
                separate(place, out);
                write_string(key, out);
                out.push(':');
                write(item, out);
            }
            out.push('}');
        }
    }
}

/// The length of what [`write`] appends; `None` when it exceeds `limit`.
pub(super) fn length_within(value: &Value, limit: usize) -> Option<usize> {
    let mut left = limit;
    measure(value, &mut left)?;
    Some(limit - left)
}

fn measure(value: &Value, left: &mut usize) -> Option<()> {
    match value {
        Value::Null | Value::Bool(true) => take(left, 4),
        Value::Bool(false) => take(left, 5),
        Value::Number(number) => take(left, number.literal().len()),
        Value::String(text) => measure_string(text, left),
        Value::Array(items) => {
            take(left, 2 + items.len().saturating_sub(1))?;
            items.iter().try_for_each(|item| measure(item, left))
        }
        Value::Object(members) => {
            take(left, 2 + members.len().saturating_sub(1) + members.len())?;
            members.iter().try_for_each(|(key, item)| {
                measure_string(key, left)?;
                measure(item, left)
            })
        }
    }
}

fn measure_string(text: &str, left: &mut usize) -> Option<()> {
    let escaped = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0..=0x1f => 5,
        _ => 0,
    });
    take(left, text.len() + 2 + escaped.sum::<usize>())
}

fn take(left: &mut usize, bytes: usize) -> Option<()> {
    *left = left.checked_sub(bytes)?;
    Some(())
}

fn separate(place: usize, out: &mut String) {
    if place > 0 {
        out.push(',');
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut plain = 0;
    for (place, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[plain..place]);
        write_escape(byte, out);
        plain = place + 1;
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

fn write_escape(byte: u8, out: &mut String) {
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        0x08 => out.push_str("\\b"),
        0x0c => out.push_str("\\f"),
        control => write!(out, "\\u{control:04X}").expect("writing to a string"),
    }
}
