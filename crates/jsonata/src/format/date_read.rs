//! `$toMillis`: the instant that a text stands for.

use super::calendar::{Fields, Moment};
use super::component::{self, Component};
use super::date_match::{self, Shape};
use super::date_picture::{self, Marker, Part, Style};
use super::integer_picture::{Grouping, Style as IntegerStyle};
use super::iso8601::{self, Timestamp};
use super::{error, integer, javascript};
use crate::error::Error;

/// Milliseconds since 1970, from ISO 8601 or by a picture. Components left of the first one in the picture are those of
/// `now_millis`, components right of the last one are zero. `None`: the text does not look as the picture says, or
/// there is no such instant.
///
/// # Errors
/// `D3110`: not ISO 8601. With a picture: what is wrong with it (`D3130` to `D3135`), or `D3136`: there is a gap in it,
/// or it goes by weeks, which cannot be read.
pub(crate) fn to_millis(
    text: &str,
    picture: Option<&str>,
    now_millis: i64,
) -> Result<Option<f64>, Error> {
    let Some(picture) = picture else {
        return match iso8601::parse(text) {
            Timestamp::Malformed => Err(error::not_a_timestamp(text)),
            Timestamp::Impossible => Ok(None),
            Timestamp::Millis(millis) => Ok(Some(millis).filter(|millis| millis.is_finite())),
        };
    };
    let parts = date_picture::parse(picture)?;
    let shapes = parts
        .iter()
        .map(shape)
        .collect::<Result<Vec<Shape>, Error>>()?;
    let Some(pieces) = date_match::take_apart(text, &shapes) else {
        return Ok(None);
    };
    let Some(found) = Found::read(&parts, &pieces)? else {
        return Ok(None);
    };
    let millis = found.complete(Moment::at(now_millis as f64))? + 0.0;
    Ok(Some(millis).filter(|millis| millis.is_finite()))
}

fn shape(part: &Part) -> Result<Shape, Error> {
    let marker = match part {
        Part::Literal(literal) => return Ok(Shape::Literal(literal.clone())),
        Part::Marker(marker) => marker,
    };
    let (least, most) = (marker.digits.least, marker.digits.most);
    Ok(match (marker.component, &marker.style) {
        (Component::Zone | Component::ZoneByName, _) => Shape::Zone {
            after_gmt: marker.component == Component::ZoneByName,
            separator: zone_separator(marker),
        },
        (Component::Fraction, _) => Shape::Digits {
            least: 1,
            most: usize::MAX,
        },
        (_, Style::Integer(picture)) => match &picture.style {
            IntegerStyle::Letters(_) => Shape::Letters,
            IntegerStyle::Roman(_) => Shape::Roman,
            IntegerStyle::Words(_) => Shape::Words,
            IntegerStyle::Digits(_) if picture.ordinal => Shape::Ordinal { least, most },
            IntegerStyle::Digits(_) => Shape::Digits { least, most },
            IntegerStyle::Unknown(start) => return Err(error::unknown_sequence(start)),
        },
        (Component::Half, _) => Shape::Letters,
        (component, _) if component.names().is_some() => Shape::Letters,
        (component, _) => return Err(error::no_name(component.letter())),
    })
}

/// What stands between hours and minutes.
fn zone_separator(marker: &Marker) -> Option<char> {
    let Style::Integer(picture) = &marker.style else {
        return None;
    };
    match picture.digits()?.grouping {
        Grouping::Regular { separator, .. } => Some(separator),
        Grouping::Irregular(_) => None,
    }
}

/// The number that a piece stands for. `None` for a name that nobody has.
fn value(marker: &Marker, piece: &str) -> Result<Option<f64>, Error> {
    match (marker.component, &marker.style) {
        (Component::Zone | Component::ZoneByName, _) => {
            Ok(Some(offset(piece, zone_separator(marker))))
        }
        (Component::Fraction, _) => Ok(Some(thousandths(piece))),
        (_, Style::Integer(picture)) => integer::read(piece, picture).map(Some),
        (Component::Half, _) => Ok(match piece {
            "am" | "AM" => Some(0.0),
            "pm" | "PM" => Some(1.0),
            _ => None,
        }),
        (component, _) => Ok(named(component, piece, marker.longest)),
    }
}

/// Names are as they are written in title case, cut off or not. Of several that begin alike it is the last.
fn named(component: Component, piece: &str, longest: Option<usize>) -> Option<f64> {
    let longest = longest.filter(|longest| *longest > 0).unwrap_or(usize::MAX);
    let names = component.names()?;
    let index = names
        .iter()
        .rposition(|name| name.get(..longest).unwrap_or(name) == piece)?;
    Some(index as f64 + 1.0)
}

/// Minutes east of Greenwich.
fn offset(piece: &str, separator: Option<char>) -> f64 {
    let Some(at) = piece.find(['-', '+']) else {
        return f64::NAN;
    };
    let sign = if piece[at..].starts_with('-') {
        -1.0
    } else {
        1.0
    };
    let digits = &piece[at + 1..];
    let end = match separator {
        Some(_) => digits
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(digits.len()),
        None => digits.len().min(2),
    };
    let (hours, rest) = digits.split_at(end);
    let minutes = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
    let minutes = if minutes.is_empty() {
        0.0
    } else {
        javascript::parse_int(minutes)
    };
    sign * (javascript::parse_int(hours) * 60.0 + minutes)
}

/// The first three digits of a fraction as milliseconds.
fn thousandths(digits: &str) -> f64 {
    let digits = &digits[..digits.len().min(3)];
    format!("0.{digits}").parse::<f64>().unwrap_or(f64::NAN) * 1000.0
}

/// The components that a text has.
struct Found([Option<f64>; component::COUNT]);

/// Which components make the date.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Date {
    YearMonthDay,
    DayOfYear,
    WeekOfMonth,
    WeekOfYear,
}

use Component::{
    Day, DayOfYear, Fraction, Half, Hour, HourOfHalf, Minute, Month, Second, WeekMonth,
    WeekOfMonth, WeekOfYear, WeekYear, Weekday, Year, Zone, ZoneByName,
};

const DATE: [Component; 8] = [
    Year,
    WeekYear,
    Month,
    WeekMonth,
    WeekOfYear,
    WeekOfMonth,
    DayOfYear,
    Day,
];

const TIME: [Component; 6] = [Half, Hour, HourOfHalf, Minute, Second, Fraction];

const DAY_TIME: [Component; 4] = [Hour, Minute, Second, Fraction];

const HALF_DAY_TIME: [Component; 5] = [Half, HourOfHalf, Minute, Second, Fraction];

impl Found {
    /// `None` where there is nothing but text.
    fn read(parts: &[Part], pieces: &[&str]) -> Result<Option<Found>, Error> {
        let mut found = None;
        for (part, piece) in parts.iter().zip(pieces) {
            if let Part::Marker(marker) = part {
                let Found(values) = found.get_or_insert(Found([None; component::COUNT]));
                values[marker.component.index()] = value(marker, piece)?;
            }
        }
        Ok(found)
    }

    fn get(&self, component: Component) -> Option<f64> {
        self.0[component.index()]
    }

    /// The value where it is there and neither zero nor NaN.
    fn significant(&self, component: Component) -> Option<f64> {
        self.get(component)
            .filter(|value| *value != 0.0 && !value.is_nan())
    }

    /// Whether some of these are there, and none of the others of their kind.
    fn is_made_of(&self, kind: &[Component], chosen: &[Component]) -> bool {
        let mut present = kind
            .iter()
            .filter(|one| self.significant(**one).is_some())
            .peekable();
        present.peek().is_some() && present.all(|one| chosen.contains(one))
    }

    fn date(&self) -> Date {
        if self.is_made_of(&DATE, &[Year, Month, Day]) {
            Date::YearMonthDay
        } else if self.is_made_of(&DATE, &[Year, DayOfYear]) {
            Date::DayOfYear
        } else if self.is_made_of(&DATE, &[WeekYear, WeekMonth, WeekOfMonth]) {
            Date::WeekOfMonth
        } else if self.is_made_of(&DATE, &[WeekYear, WeekOfYear]) {
            Date::WeekOfYear
        } else {
            Date::YearMonthDay
        }
    }

    fn is_half_day(&self) -> bool {
        !self.is_made_of(&TIME, &DAY_TIME) && self.is_made_of(&TIME, &HALF_DAY_TIME)
    }

    /// The instant, the components that are not there made up.
    fn complete(mut self, now: Option<Moment>) -> Result<f64, Error> {
        let date = self.date();
        let is_half_day = self.is_half_day();
        self.fill(date_order(date), time_order(is_half_day), now)?;
        if matches!(date, Date::WeekOfMonth | Date::WeekOfYear) {
            return Err(error::not_enough());
        }
        let mut fields = self.fields();
        if date == Date::DayOfYear {
            fields = self.on_day_of_year(fields);
        }
        if is_half_day {
            fields.hour = self.hour_of_half_day();
        }
        let zone = self.significant(Zone).or(self.significant(ZoneByName));
        Ok(fields.millis() - zone.unwrap_or(0.0) * 60_000.0)
    }

    /// From the largest component to the smallest: what is missing before the first is taken from now, what is missing
    /// after the last is zero; in between nothing may be missing.
    fn fill(
        &mut self,
        date: &[Component],
        time: &[Component],
        now: Option<Moment>,
    ) -> Result<(), Error> {
        let (mut has_begun, mut has_ended) = (false, false);
        for component in date.iter().chain(time) {
            let slot = &mut self.0[component.index()];
            match slot {
                Some(_) if has_ended => return Err(error::not_enough()),
                Some(_) => has_begun = true,
                None if has_begun => {
                    has_ended = true;
                    *slot = Some(if matches!(component, Month | Day) {
                        1.0
                    } else {
                        0.0
                    });
                }
                None => *slot = Some(present(*component, now)),
            }
        }
        Ok(())
    }

    fn number(&self, component: Component) -> f64 {
        self.get(component).unwrap_or(0.0)
    }

    fn fields(&self) -> Fields {
        let month = self.number(Month);
        Fields {
            year: full_year(self.number(Year)),
            month: if month > 0.0 { month - 1.0 } else { 0.0 },
            day: self.number(Day),
            hour: self.number(Hour),
            minute: self.number(Minute),
            second: self.number(Second),
            millisecond: self.number(Fraction),
        }
    }

    /// The month and day of the day of the year. Beyond the year's end they are those of the next year, but the year
    /// stays.
    fn on_day_of_year(&self, fields: Fields) -> Fields {
        let midnight = Fields {
            month: 0.0,
            day: self.number(DayOfYear),
            hour: 0.0,
            minute: 0.0,
            second: 0.0,
            millisecond: 0.0,
            ..fields
        };
        let date = Moment::at(midnight.millis());
        Fields {
            month: present(Month, date) - 1.0,
            day: present(Day, date),
            ..fields
        }
    }

    fn hour_of_half_day(&self) -> f64 {
        let hour = self.number(HourOfHalf);
        let hour = if hour == 12.0 { 0.0 } else { hour };
        if self.get(Half) == Some(1.0) {
            hour + 12.0
        } else {
            hour
        }
    }
}

fn date_order(date: Date) -> &'static [Component] {
    match date {
        Date::YearMonthDay => &[Year, Month, Day],
        Date::DayOfYear => &[Year, Day],
        Date::WeekOfMonth => &[WeekYear, WeekMonth, WeekOfMonth, Weekday],
        Date::WeekOfYear => &[WeekYear, WeekOfYear, Weekday],
    }
}

fn time_order(is_half_day: bool) -> &'static [Component] {
    if is_half_day {
        &HALF_DAY_TIME
    } else {
        &DAY_TIME
    }
}

/// The component of now. The half of the day is never taken over: without one it is the morning.
fn present(component: Component, now: Option<Moment>) -> f64 {
    match now {
        _ if component == Half => 0.0,
        Some(now) => component.value(&now),
        None => f64::NAN,
    }
}

/// The years 0 to 99 are those of the twentieth century, as `Date.UTC` has it.
fn full_year(year: f64) -> f64 {
    if (0.0..100.0).contains(&year) {
        year + 1900.0
    } else {
        year
    }
}
