//! CSV records: quoted fields, doubled quotes and backslash escapes in them; every value is a text.

/// A record, and how many bytes it took with its line's end.
pub(super) struct Record {
    pub(super) fields: Vec<String>,
    pub(super) used: usize,
    /// Whether the line is empty.
    pub(super) is_blank: bool,
}

/// The record at the beginning; none if its end is not there yet.
pub(super) fn record(bytes: &[u8], delimiter: u8, is_at_end: bool) -> Option<Record> {
    let mut fields = Vec::new();
    let mut field = Vec::new();
    let (mut quoted, mut any) = (false, false);
    let mut at = 0;
    loop {
        let Some(&byte) = bytes.get(at) else {
            if !is_at_end || at == 0 {
                return None;
            }
            fields.push(text(&mut field));
            return Some(finish(fields, at, any));
        };
        let next = bytes.get(at + 1).copied();
        if next.is_none() && !is_at_end && (quoted || byte == b'\r') {
            return None;
        }
        match byte {
            b'"' if quoted && next == Some(b'"') => {
                field.push(b'"');
                at += 1;
            }
            b'\\' if quoted && matches!(next, Some(b'"' | b'\\')) => {
                field.extend(next);
                at += 1;
            }
            b'"' if quoted => quoted = false,
            b'"' if field.is_empty() => {
                quoted = true;
                any = true;
            }
            _ if quoted => field.push(byte),
            b'\n' | b'\r' => {
                fields.push(text(&mut field));
                let pair = byte == b'\r' && next == Some(b'\n');
                return Some(finish(fields, at + 1 + usize::from(pair), any));
            }
            _ if byte == delimiter => {
                any = true;
                fields.push(text(&mut field));
            }
            _ => {
                any = true;
                field.push(byte);
            }
        }
        at += 1;
    }
}

fn finish(fields: Vec<String>, used: usize, any: bool) -> Record {
    Record {
        fields,
        used,
        is_blank: !any,
    }
}

fn text(field: &mut Vec<u8>) -> String {
    String::from_utf8_lossy(&std::mem::take(field)).into_owned()
}

/// The item of a record: short ones are filled up, what is beyond the columns is dropped.
pub(super) fn item(headers: &[String], fields: Vec<String>) -> String {
    let mut fields = fields.into_iter();
    let mut item = serde_json::Map::new();
    for header in headers {
        let value = fields.next().unwrap_or_default();
        item.insert(header.clone(), value.into());
    }
    serde_json::Value::Object(item).to_string()
}
