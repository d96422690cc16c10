//! The components of a date and time that a picture can name.

use super::calendar::Moment;

/// What stands between brackets in a picture, by its first letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Component {
    Year,
    Month,
    Day,
    DayOfYear,
    Weekday,
    WeekOfYear,
    WeekOfMonth,
    /// The year that the week of the year belongs to; not in XPath.
    WeekYear,
    /// The month that the week of the month belongs to; not in XPath.
    WeekMonth,
    Hour,
    HourOfHalf,
    Half,
    Minute,
    Second,
    Fraction,
    /// `+01:00`
    Zone,
    /// `GMT+01:00`
    ZoneByName,
    Calendar,
    Era,
}

/// Each component with its letter and the modifier it has without one.
const COMPONENTS: [(Component, char, &str); 19] = [
    (Component::Year, 'Y', "1"),
    (Component::Month, 'M', "1"),
    (Component::Day, 'D', "1"),
    (Component::DayOfYear, 'd', "1"),
    (Component::Weekday, 'F', "n"),
    (Component::WeekOfYear, 'W', "1"),
    (Component::WeekOfMonth, 'w', "1"),
    (Component::WeekYear, 'X', "1"),
    (Component::WeekMonth, 'x', "1"),
    (Component::Hour, 'H', "1"),
    (Component::HourOfHalf, 'h', "1"),
    (Component::Half, 'P', "n"),
    (Component::Minute, 'm', "01"),
    (Component::Second, 's', "01"),
    (Component::Fraction, 'f', "1"),
    (Component::Zone, 'Z', "01:01"),
    (Component::ZoneByName, 'z', "01:01"),
    (Component::Calendar, 'C', "n"),
    (Component::Era, 'E', "n"),
];

/// How many components there are; [`Component::index`] is less.
pub(super) const COUNT: usize = COMPONENTS.len();

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

impl Component {
    /// The component of a letter, and the modifier it has without one.
    pub(super) fn of_letter(letter: char) -> Option<(Component, &'static str)> {
        let known = COMPONENTS.iter().find(|(_, known, _)| *known == letter)?;
        Some((known.0, known.2))
    }

    /// The letter in a picture.
    pub(super) fn letter(self) -> char {
        COMPONENTS[self.index()].1
    }

    /// The place in a table of all components.
    pub(super) fn index(self) -> usize {
        self as usize
    }

    /// Whether the component is a number, which may have a name besides.
    pub(super) fn is_integer(self) -> bool {
        !self.is_zone() && !matches!(self, Component::Half | Component::Calendar | Component::Era)
    }

    /// Whether the component is an offset from UTC.
    pub(super) fn is_zone(self) -> bool {
        matches!(self, Component::Zone | Component::ZoneByName)
    }

    /// The names of the values from 1 on.
    pub(super) fn names(self) -> Option<&'static [&'static str]> {
        match self {
            Component::Month | Component::WeekMonth => Some(&MONTHS),
            Component::Weekday => Some(&WEEKDAYS),
            _ => None,
        }
    }

    /// The component of a moment as a number; the half of the day is 0 or 1. What is not a number is NaN.
    pub(super) fn value(self, moment: &Moment) -> f64 {
        let value = match self {
            Component::Year => moment.year,
            Component::Month => moment.month,
            Component::Day => moment.day,
            Component::DayOfYear => moment.day_of_year(),
            Component::Weekday => moment.weekday(),
            Component::WeekOfYear => moment.week_of_year(),
            Component::WeekOfMonth => moment.week_of_month(),
            Component::WeekYear => moment.week_year(),
            Component::WeekMonth => moment.week_month().1,
            Component::Hour => moment.hour,
            Component::HourOfHalf => (moment.hour + 11) % 12 + 1,
            Component::Half => moment.hour / 12,
            Component::Minute => moment.minute,
            Component::Second => moment.second,
            Component::Fraction => moment.millisecond,
            Component::Zone | Component::ZoneByName | Component::Calendar | Component::Era => {
                return f64::NAN;
            }
        };
        value as f64
    }
}
