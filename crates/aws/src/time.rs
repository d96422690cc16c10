//! The ways AWS writes a time. Owns the formats; knows no clock: every time is an argument.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const AMZ_DATE: &str = "%Y%m%dT%H%M%SZ";

/// `20150830T123600Z`, the form of `X-Amz-Date`.
pub fn amz_date(time: Timestamp) -> String {
    time.strftime(AMZ_DATE).to_string()
}

/// Reads the form of [`amz_date`].
pub fn parse_amz_date(text: &str) -> Option<Timestamp> {
    let civil = DateTime::strptime(AMZ_DATE, text).ok()?;
    civil
        .to_zoned(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}

/// `2015-08-30T12:36:00Z`: ISO 8601 with whole seconds, as IAM and STS print it.
pub fn iso_seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2015-08-30T12:36:00.123Z`: ISO 8601 with milliseconds, as Step Functions' context object prints it.
pub fn iso_millis(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// `2015-08-30T12:36:00.123+0000`: Lambda's `LastModified`.
pub fn lambda_millis(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}

/// `Sun, 30 Aug 2015 12:36:00 GMT`: the `Date` header (RFC 9110).
pub fn http_date(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Reads ISO 8601 with an offset or `Z`.
pub fn parse_iso(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}
