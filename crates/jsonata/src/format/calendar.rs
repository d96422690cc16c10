//! The calendar of XPath and JavaScript: proleptic Gregorian, UTC, ISO weeks of the year and of the month.

const MILLIS_A_DAY: i64 = 86_400_000;

/// JavaScript knows no instant further from 1970 than this, in milliseconds.
const FURTHEST: f64 = 8.64e15;

/// An instant, as one reads it from a calendar and a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// Days since 1970-01-01.
    day_number: i64,
    pub(super) year: i64,
    /// 1 to 12.
    pub(super) month: i64,
    /// 1 to 31.
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) millisecond: i64,
}

impl Moment {
    /// The moment some milliseconds after 1970, fractions cut off. `None` out of JavaScript's range.
    pub(super) fn at(millis: f64) -> Option<Moment> {
        let millis = clip(millis);
        if millis.is_nan() {
            return None;
        }
        let millis = millis as i64;
        let day_number = millis.div_euclid(MILLIS_A_DAY);
        let in_day = millis.rem_euclid(MILLIS_A_DAY);
        let (year, month, day) = civil(day_number);
        Some(Moment {
            day_number,
            year,
            month,
            day,
            hour: in_day / 3_600_000,
            minute: in_day / 60_000 % 60,
            second: in_day / 1000 % 60,
            millisecond: in_day % 1000,
        })
    }

    /// 1 to 366.
    pub(super) fn day_of_year(&self) -> i64 {
        self.day_number - days(self.year, 1, 1) + 1
    }

    /// Monday is 1, Sunday is 7.
    pub(super) fn weekday(&self) -> i64 {
        weekday(self.day_number)
    }

    /// The ISO week, 1 to 53.
    pub(super) fn week_of_year(&self) -> i64 {
        self.weeks_since(self.first_week_of_year(self.week_year()))
    }

    /// The year that the ISO week belongs to.
    pub(super) fn week_year(&self) -> i64 {
        if self.day_number < self.first_week_of_year(self.year) {
            self.year - 1
        } else if self.day_number >= self.first_week_of_year(self.year + 1) {
            self.year + 1
        } else {
            self.year
        }
    }

    /// The week of the month, 1 to 5: the first week is the one with the month's first Thursday.
    pub(super) fn week_of_month(&self) -> i64 {
        let (year, month) = self.week_month();
        self.weeks_since(first_week(year, month))
    }

    /// The year and month that the week of the month belongs to.
    pub(super) fn week_month(&self) -> (i64, i64) {
        let next = shift_month(self.year, self.month, 1);
        if self.day_number < first_week(self.year, self.month) {
            shift_month(self.year, self.month, -1)
        } else if self.day_number >= first_week(next.0, next.1) {
            next
        } else {
            (self.year, self.month)
        }
    }

    fn first_week_of_year(&self, year: i64) -> i64 {
        first_week(year, 1)
    }

    fn weeks_since(&self, start: i64) -> i64 {
        (self.day_number - start).div_euclid(7) + 1
    }
}

fn shift_month(year: i64, month: i64, by: i64) -> (i64, i64) {
    let months = year * 12 + month - 1 + by;
    (months.div_euclid(12), months.rem_euclid(12) + 1)
}

/// The Monday of the week with the month's first Thursday.
fn first_week(year: i64, month: i64) -> i64 {
    let first = days(year, month, 1);
    match weekday(first) {
        weekday @ 1..=4 => first - (weekday - 1),
        weekday => first + (8 - weekday),
    }
}

fn weekday(day_number: i64) -> i64 {
    (day_number + 3).rem_euclid(7) + 1
}

/// Days since 1970-01-01. The month is 1 to 12, the day may be any; the years count from March, so that the leap day is
/// a year's last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let months_since_march = (month + 9) % 12;
    let day_of_year = (153 * months_since_march + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of a day number: the reverse of [`days`].
fn civil(day_number: i64) -> (i64, i64, i64) {
    let since_era_zero = day_number + 719_468;
    let era = since_era_zero.div_euclid(146_097);
    let day_of_era = since_era_zero.rem_euclid(146_097);
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    let month = (months_since_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

/// Date and time as `Date.UTC` takes them. They may be out of their ranges: the 32nd of January is the 1st of February.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fields {
    pub(super) year: f64,
    /// January is 0.
    pub(super) month: f64,
    /// The first is 1.
    pub(super) day: f64,
    pub(super) hour: f64,
    pub(super) minute: f64,
    pub(super) second: f64,
    pub(super) millisecond: f64,
}

impl Fields {
    /// Milliseconds since 1970, NaN out of JavaScript's range. Fractions are cut off.
    pub(super) fn millis(&self) -> f64 {
        let month = self.month.trunc();
        let months = self.year.trunc() * 12.0 + month;
        // Ten times JavaScript's range: no sum overflows.
        if months.is_nan() || months.abs() >= 4e7 {
            return f64::NAN;
        }
        let months = months as i64;
        let first = days(months.div_euclid(12), months.rem_euclid(12) + 1, 1) as f64;
        let day = (first + self.day.trunc() - 1.0) * MILLIS_A_DAY as f64;
        let time = self.hour.trunc() * 3_600_000.0
            + self.minute.trunc() * 60_000.0
            + self.second.trunc() * 1000.0
            + self.millisecond.trunc();
        clip(day + time)
    }
}

/// NaN out of JavaScript's range, fractions cut off.
pub(super) fn clip(millis: f64) -> f64 {
    if millis.abs() <= FURTHEST {
        millis.trunc()
    } else {
        f64::NAN
    }
}
