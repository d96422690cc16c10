//! Timestamps as the language writes them: a strict profile of RFC 3339 (spec asl.md section 10).

/// `YYYY-MM-DDThh:mm:ss[.f](Z|+hh:mm|-hh:mm)` with an upper-case `T` and `Z`, one to nine digits of a second, naming a
/// day and a time that exist.
///
/// `None` for everything else (recorded: no offset, month 13, hour 25, day first: scenarios.json
/// `test_wait_timestamp_invalid`).
pub fn parse(text: &str) -> Option<jiff::Timestamp> {
    if !is_strict(text.as_bytes()) {
        return None;
    }
    text.parse().ok()
}

/// Whether the text is written strictly; `jiff` checks the calendar afterwards.
fn is_strict(text: &[u8]) -> bool {
    let Some((head, tail)) = text.split_at_checked(19) else {
        return false;
    };
    let shape = matches_shape(head, b"dddd-dd-ddTdd:dd:dd");
    // `jiff` takes a leap second, which the service does not.
    shape && &head[17..19] < b"60" && is_zone(without_fraction(tail))
}

fn without_fraction(tail: &[u8]) -> &[u8] {
    let Some(rest) = tail.strip_prefix(b".") else {
        return tail;
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if (1..=9).contains(&digits) {
        &rest[digits..]
    } else {
        b""
    }
}

fn is_zone(zone: &[u8]) -> bool {
    zone == b"Z" || matches_shape(zone, b"+dd:dd") || matches_shape(zone, b"-dd:dd")
}

fn matches_shape(text: &[u8], shape: &[u8]) -> bool {
    text.len() == shape.len()
        && text.iter().zip(shape).all(|(byte, want)| match want {
            b'd' => byte.is_ascii_digit(),
            want => byte == want,
        })
}
