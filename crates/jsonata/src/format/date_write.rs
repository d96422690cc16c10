//! `$fromMillis`: an instant by a picture.

use super::calendar::Moment;
use super::component::Component;
use super::date_picture::{self, Marker, Part, Style};
use super::integer_picture::{Grouping, IntegerPicture};
use super::{error, integer, javascript};
use crate::error::Error;

/// What is written without a picture.
const ISO_8601: &str = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]";

/// The instant as the picture says, in UTC or in the zone `+hhmm`.
///
/// # Errors
/// `D1001`: an instant out of JavaScript's range, which ends 100 million days before and after 1970; `D3130`, `D3131`: a picture of an integer that nobody knows; `D3132`, `D3133`: no such component, or it has no name;
/// `D3134`: the zone, or its picture; `D3135`: a bracket is not closed.
pub(crate) fn from_millis(
    millis: f64,
    picture: Option<&str>,
    timezone: Option<&str>,
) -> Result<String, Error> {
    let parts = date_picture::parse(picture.unwrap_or(ISO_8601))?;
    let zone = timezone.map_or(Ok(Zone::default()), Zone::parse)?;
    let moment = Moment::at(millis + zone.millis());
    let moment = moment.ok_or_else(|| error::out_of_range(&javascript::number_text(millis)))?;
    let local = Local { moment, zone };
    let mut text = String::new();
    for part in &parts {
        match part {
            Part::Literal(literal) => text.push_str(literal),
            Part::Marker(marker) => text.push_str(&local.component(marker)?),
        }
    }
    Ok(text)
}

/// An offset from UTC, both numbers negative in the west.
#[derive(Clone, Copy, Debug, Default)]
struct Zone {
    hours: f64,
    minutes: f64,
}

impl Zone {
    fn parse(text: &str) -> Result<Zone, Error> {
        let offset = javascript::parse_int(text);
        if !offset.is_finite() {
            return Err(error::bad_zone());
        }
        Ok(Zone {
            hours: (offset / 100.0).trunc(),
            minutes: offset % 100.0,
        })
    }

    fn millis(self) -> f64 {
        (self.hours * 60.0 + self.minutes) * 60_000.0
    }

    /// `hhmm` as one number.
    fn digits(self) -> f64 {
        self.hours * 100.0 + self.minutes
    }

    /// Hours and minutes together, or minutes only where there are some.
    fn write(self, picture: &IntegerPicture) -> Result<String, Error> {
        let digits = picture.digits().ok_or_else(error::bad_zone)?;
        match (&digits.grouping, digits.mandatory) {
            (Grouping::Regular { .. }, _) | (_, 3 | 4) => integer::write(self.digits(), picture),
            (_, 1 | 2) if self.minutes == 0.0 => integer::write(self.hours, picture),
            (_, 1 | 2) => {
                let hours = integer::write(self.hours.abs(), picture)?;
                let sign = if self.digits() < 0.0 { "-" } else { "" };
                Ok(format!("{sign}{hours}:{:02}", self.minutes.abs()))
            }
            _ => Err(error::bad_zone()),
        }
    }
}

/// A moment in a zone.
struct Local {
    moment: Moment,
    zone: Zone,
}

impl Local {
    fn component(&self, marker: &Marker) -> Result<String, Error> {
        match marker.component {
            Component::Zone | Component::ZoneByName => self.zone(marker),
            Component::Half => Ok(self.half(marker)),
            Component::Calendar | Component::Era => Ok("ISO".to_owned()),
            component => match &marker.style {
                Style::Integer(picture) => integer::write(self.number(marker), picture),
                _ => self
                    .name(marker)
                    .ok_or_else(|| error::no_name(component.letter())),
            },
        }
    }

    fn value(&self, component: Component) -> f64 {
        component.value(&self.moment)
    }

    fn number(&self, marker: &Marker) -> f64 {
        let value = self.value(marker.component);
        match marker.year_digits {
            Some(digits) => value % javascript::power_of_ten(digits as i32),
            None => value,
        }
    }

    /// `None` where the component has no names.
    fn name(&self, marker: &Marker) -> Option<String> {
        let names = marker.component.names()?;
        let value = self.value(marker.component);
        let name = (*names.get((value as usize).checked_sub(1)?)?).to_owned();
        let name = match &marker.style {
            Style::Name(case) => integer::in_case(name, *case),
            _ => name,
        };
        Some(
            name.chars()
                .take(marker.longest.unwrap_or(usize::MAX))
                .collect(),
        )
    }

    fn half(&self, marker: &Marker) -> String {
        let half = if self.value(Component::Half) == 1.0 {
            "pm"
        } else {
            "am"
        };
        match &marker.style {
            Style::Name(case) => integer::in_case(half.to_owned(), *case),
            _ => half.to_owned(),
        }
    }

    fn zone(&self, marker: &Marker) -> Result<String, Error> {
        let Style::Integer(picture) = &marker.style else {
            return Err(error::bad_zone());
        };
        let offset = self.zone.write(picture)?;
        if self.zone.digits() == 0.0 && marker.writes_z {
            return Ok("Z".to_owned());
        }
        let name = if marker.component == Component::ZoneByName {
            "GMT"
        } else {
            ""
        };
        let sign = if self.zone.digits() >= 0.0 { "+" } else { "" };
        Ok(format!("{name}{sign}{offset}"))
    }
}
