//! JSON laid out for people, number for number as it is.

use expr::json::Value;

/// With two spaces for each level.
pub fn pretty(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, &mut text);
    text
}

/// Values are nested no deeper than the parser allows.
fn write(value: &Value, level: usize, text: &mut String) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                begin(index, level + 1, text);
                write(item, level + 1, text);
            }
            end(level, ']', text);
        }
        Value::Object(members) if !members.is_empty() => {
            text.push('{');
            for (index, (name, member)) in members.iter().enumerate() {
                begin(index, level + 1, text);
                Value::String(name.clone()).write_text(text);
                text.push_str(": ");
                write(member, level + 1, text);
            }
            end(level, '}', text);
        }
        other => other.write_text(text),
    }
}

fn begin(index: usize, level: usize, text: &mut String) {
    if index > 0 {
        text.push(',');
    }
    new_line(level, text);
}

fn end(level: usize, bracket: char, text: &mut String) {
    new_line(level, text);
    text.push(bracket);
}

fn new_line(level: usize, text: &mut String) {
    text.push('\n');
    (0..level).for_each(|_| text.push_str("  "));
}
