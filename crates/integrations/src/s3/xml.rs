//! The little that is read of the service's XML: the texts of elements that do not nest in themselves.

/// What is between the marks of each element of a name, as it stands.
pub(super) fn all<'t>(text: &'t str, name: &str) -> impl Iterator<Item = &'t str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = text;
    std::iter::from_fn(move || {
        let begin = rest.find(&open)? + open.len();
        let inside = &rest[begin..];
        let end = inside.find(&close)?;
        rest = &inside[end + close.len()..];
        Some(&inside[..end])
    })
}

/// The text of the first element of a name.
pub(super) fn first(text: &str, name: &str) -> Option<String> {
    all(text, name).next().map(unescape)
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(end) = rest.find(';').filter(|end| *end < 12) else {
            out.push('&');
            continue;
        };
        match character(&rest[..end]) {
            Some(c) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => out.push('&'),
        }
    }
    out.push_str(rest);
    out
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}
