//! The dates of date conditions: ISO 8601 in all the abbreviations IAM takes, or seconds since the epoch.

/// Milliseconds since the epoch; `None` for what IAM refuses.
pub(crate) fn parse(text: &str) -> Option<i128> {
    let text = text.to_ascii_lowercase();
    if text.contains('t') || text.contains('-') {
        return iso(&text);
    }
    let seconds: i64 = text.parse().ok().filter(|seconds| *seconds >= 0)?;
    Some(i128::from(seconds) * 1000)
}

/// `yyyy[-mm[-dd]][t[hh[:mm[:ss[.fraction]]]][z|+hh[:mm]]]`; the year may be negative.
fn iso(text: &str) -> Option<i128> {
    let (date, time) = text.split_once('t').unwrap_or((text, ""));
    let (sign, date) = date.strip_prefix('-').map_or((1, date), |date| (-1, date));
    let mut parts = date.split('-');
    let year = sign * number(parts.next()?, 0, 292_278_993)?;
    let month = parts.next().map_or(Some(1), |month| number(month, 1, 12))?;
    let day = parts.next().map_or(Some(1), |day| number(day, 1, 31))?;
    if parts.next().is_some() {
        return None;
    }
    let (time, offset) = zone(time)?;
    Some((days(year, month, day) * 86_400 - offset) * 1000 + time_of_day(time)?)
}

/// The time without its zone, and the zone's offset in seconds.
fn zone(time: &str) -> Option<(&str, i128)> {
    if let Some(time) = time.strip_suffix('z') {
        return Some((time, 0));
    }
    let Some(at) = time.find(['+', '-']) else {
        return Some((time, 0));
    };
    let sign = if time[at..].starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = time[at + 1..]
        .split_once(':')
        .unwrap_or((&time[at + 1..], "00"));
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    Some((
        &time[..at],
        sign * (number(hours, 0, 23)? * 3600 + number(minutes, 0, 59)? * 60),
    ))
}

/// Milliseconds since midnight.
fn time_of_day(time: &str) -> Option<i128> {
    if time.is_empty() {
        return Some(0);
    }
    let mut parts = time.split(':');
    let hours = number(parts.next()?, 0, 23)?;
    let minutes = parts
        .next()
        .map_or(Some(0), |minutes| number(minutes, 0, 59))?;
    let seconds = parts.next().unwrap_or("0");
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    if parts.next().is_some() || fraction.len() > 9 || number(fraction, 0, 999_999_999).is_none() {
        return None;
    }
    let millis = number(&format!("{fraction:0<3}")[..3], 0, 999)?;
    Some((hours * 3600 + minutes * 60 + number(seconds, 0, 59)?) * 1000 + millis)
}

fn number(text: &str, min: i128, max: i128) -> Option<i128> {
    let digits = !text.is_empty() && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit());
    let number: i128 = text.parse().ok().filter(|_| digits)?;
    (min..=max).contains(&number).then_some(number)
}

/// Days since the epoch in the proleptic Gregorian calendar.
fn days(year: i128, month: i128, day: i128) -> i128 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}
