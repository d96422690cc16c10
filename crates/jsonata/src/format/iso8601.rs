//! ISO 8601 timestamps, as `$toMillis` takes them without a picture.

use super::calendar::Fields;

/// What a text is that looks like a timestamp.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Timestamp {
    /// It does not look like one.
    Malformed,
    /// It does, but there is no such month, day, hour or zone.
    Impossible,
    /// Milliseconds since 1970.
    Millis(f64),
}

/// Reads `YYYY[-MM[-DD]][Thh:mm:ss[.f...]][Z|+hh:mm|+hhmm]`. Without a zone it is UTC. Days up to 31 are taken for any
/// month, and hour 24 as the end of the day.
pub(super) fn parse(text: &str) -> Timestamp {
    match split(text) {
        Some(parts) => parts
            .millis()
            .map_or(Timestamp::Impossible, Timestamp::Millis),
        None => Timestamp::Malformed,
    }
}

struct Parts<'t> {
    year: f64,
    month: Option<f64>,
    day: Option<f64>,
    time: Option<[f64; 3]>,
    fraction: Option<&'t str>,
    /// Hours and minutes, negative in the west. `Z` is zero.
    zone: Option<Zone>,
}

#[derive(Clone, Copy)]
enum Zone {
    Utc,
    Offset { sign: f64, hours: f64, minutes: f64 },
}

/// What of the text is not read yet.
struct Reader<'t>(&'t str);

impl<'t> Reader<'t> {
    /// A number of so many digits, after its mark.
    fn number(&mut self, mark: &str, digits: usize, largest_first: char) -> Option<f64> {
        let rest = self.0.strip_prefix(mark)?;
        let number = rest.get(..digits)?;
        let fits =
            number.bytes().all(|b| b.is_ascii_digit()) && number.chars().next()? <= largest_first;
        if !fits {
            return None;
        }
        self.0 = &rest[digits..];
        number.parse().ok()
    }

    /// Reads several things; if one of them is not there, none of them is taken.
    fn whole_or_nothing<T>(&mut self, read: impl Fn(&mut Self) -> Option<T>) -> Option<T> {
        let before = self.0;
        let found = read(self);
        if found.is_none() {
            self.0 = before;
        }
        found
    }

    fn time(&mut self) -> Option<[f64; 3]> {
        let hour = self.number("T", 2, '2')?;
        let minute = self.number(":", 2, '5')?;
        Some([hour, minute, self.number(":", 2, '5')?])
    }

    fn fraction(&mut self) -> Option<&'t str> {
        let rest = self.0.strip_prefix('.')?;
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        if end == 0 {
            return None;
        }
        self.0 = &rest[end..];
        Some(&rest[..end])
    }

    fn zone(&mut self) -> Option<Zone> {
        if let Some(rest) = self.0.strip_prefix('Z') {
            self.0 = rest;
            return Some(Zone::Utc);
        }
        self.whole_or_nothing(Reader::offset)
    }

    fn offset(&mut self) -> Option<Zone> {
        let (mark, sign) = if self.0.starts_with('-') {
            ("-", -1.0)
        } else {
            ("+", 1.0)
        };
        let hours = self.number(mark, 2, '2')?;
        let minutes = self
            .number(":", 2, '5')
            .or_else(|| self.number("", 2, '5'))?;
        Some(Zone::Offset {
            sign,
            hours,
            minutes,
        })
    }
}

fn split(text: &str) -> Option<Parts<'_>> {
    let mut reader = Reader(text);
    let year = reader.number("", 4, '9')?;
    // `2018-0530` is a year with a zone, so a month or day must not be followed by a digit.
    let month = short_number(&mut reader, '1');
    let day = short_number(&mut reader, '3');
    let parts = Parts {
        year,
        month,
        day,
        time: reader.whole_or_nothing(Reader::time),
        fraction: reader.fraction(),
        zone: reader.zone(),
    };
    reader.0.is_empty().then_some(parts)
}

fn short_number(reader: &mut Reader<'_>, largest_first: char) -> Option<f64> {
    let before = reader.0;
    let number = reader.number("-", 2, largest_first)?;
    if reader
        .0
        .starts_with(|c: char| c.is_ascii_digit() || c == ':')
    {
        reader.0 = before;
        return None;
    }
    Some(number)
}

impl Parts<'_> {
    /// A fraction or an offset without a time, and a day without a month, look like a timestamp but are none.
    fn millis(&self) -> Option<f64> {
        let [hour, minute, second] = self.time.unwrap_or_default();
        let millisecond = self.fraction.map_or(0.0, millisecond);
        let (month, day) = (self.month.unwrap_or(1.0), self.day.unwrap_or(1.0));
        let has_offset = matches!(self.zone, Some(Zone::Offset { .. }));
        let is_complete = self.time.is_some() || (self.fraction.is_none() && !has_offset);
        let is_date = (1.0..=12.0).contains(&month) && (1.0..=31.0).contains(&day);
        let is_time = hour < 24.0 || (hour == 24.0 && minute + second + millisecond == 0.0);
        if !is_complete || !is_date || !is_time || (self.month.is_none() && self.day.is_some()) {
            return None;
        }
        let fields = Fields {
            year: self.year,
            month: month - 1.0,
            day,
            hour,
            minute,
            second,
            millisecond,
        };
        Some(fields.millis() - self.offset_minutes()? * 60_000.0)
    }

    fn offset_minutes(&self) -> Option<f64> {
        match self.zone {
            Some(Zone::Offset { hours, .. }) if hours >= 24.0 => None,
            Some(Zone::Offset {
                sign,
                hours,
                minutes,
            }) => Some(sign * (hours * 60.0 + minutes)),
            Some(Zone::Utc) | None => Some(0.0),
        }
    }
}

/// The first three digits of a fraction, the rest cut off.
fn millisecond(fraction: &str) -> f64 {
    let digits = &fraction[..fraction.len().min(3)];
    format!("{digits:0<3}").parse().unwrap_or(0.0)
}
