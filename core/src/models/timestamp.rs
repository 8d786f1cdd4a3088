//! Timestamps in the service's format.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};
use jiff::fmt::temporal::Pieces;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};

use crate::error::Error;
use crate::models::Readable;
use crate::printable::quoted_time;

/// A point in time with nanosecond precision, in the years 1 to 9999.
///
/// Parsed from RFC 3339 with any offset. Without an offset it is UTC; a date without a time is the start of the day.
/// Printed as RFC 3339 in UTC, such as `2026-03-01T08:30:00Z`, and sent to the service with millisecond precision, as
/// the service itself writes it.
// Not `jiff::Timestamp`, whose maximum is 26 hours before the end of the year 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Seconds since 1970, rounded down. Only a timestamp from another language can be outside of `CALENDAR`; `check`
    /// refuses it by the name of its argument.
    seconds: i64,
    /// Nanoseconds of the second, below 1,000,000,000.
    nanoseconds: u32,
}

const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

/// The years 1 to 9999, in seconds since 1970.
const CALENDAR: Range<i64> = -62_135_596_800..253_402_300_800;

const OUTSIDE: &str = "is outside the years 1 to 9999";

const NANOSECONDS_PER_SECOND: u32 = 1_000_000_000;

impl Timestamp {
    const MIN: Self = Timestamp { seconds: CALENDAR.start, nanoseconds: 0 };
    const MAX: Self = Timestamp { seconds: CALENDAR.end - 1, nanoseconds: NANOSECONDS_PER_SECOND - 1 };

    /// Returns the current time of the system clock.
    #[must_use]
    pub fn now() -> Self {
        Timestamp::since_1970(SystemTime::now()).clamp(Timestamp::MIN, Timestamp::MAX)
    }

    /// Converts the timestamp to the standard library's type. On Windows, where that type starts in 1601, an earlier
    /// timestamp is converted to its start.
    #[must_use]
    pub fn as_system_time(self) -> SystemTime {
        const FROM_1601_TO_1970: Duration = Duration::from_secs(11_644_473_600);
        let before = |seconds: Duration| SystemTime::UNIX_EPOCH.checked_sub(seconds);
        let whole = Duration::from_secs(self.seconds.unsigned_abs());
        let time = if self.seconds < 0 {
            before(whole).or_else(|| before(FROM_1601_TO_1970))
        } else {
            SystemTime::UNIX_EPOCH.checked_add(whole)
        };
        time.and_then(|time| time.checked_add(Duration::from_nanos(self.nanoseconds.into())))
            .unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Formats the timestamp as in the documentation's intervals: in UTC, in whole seconds, without an offset.
    pub(crate) fn for_interval(self) -> impl fmt::Display {
        self.civil().strftime("%Y-%m-%dT%H:%M:%S")
    }

    /// Returns an error for a timestamp from another language that is outside of the calendar.
    pub(crate) fn check(self, argument: impl Into<String>) -> Result<(), Error> {
        match self.within_calendar() {
            Some(_) => Ok(()),
            None => Err(Error::invalid_argument(argument, OUTSIDE)),
        }
    }

    /// Returns the seconds since 1970, rounded down, and the nanoseconds of that second.
    #[cfg(feature = "uniffi")]
    pub(crate) fn to_parts(self) -> (i64, u32) {
        (self.seconds, self.nanoseconds)
    }

    /// Creates a timestamp, which may be outside of the calendar. Returns `None` if the nanoseconds make up a second.
    #[cfg(feature = "uniffi")]
    pub(crate) fn from_parts(seconds: i64, nanoseconds: u32) -> Option<Self> {
        (nanoseconds < NANOSECONDS_PER_SECOND).then_some(Timestamp { seconds, nanoseconds })
    }

    fn parse(string: &str) -> Option<Self> {
        let since_1970 = match string.parse::<jiff::Timestamp>() {
            Ok(timestamp) => timestamp.as_duration(),
            Err(_) => {
                let pieces = Pieces::parse(string).ok().filter(|it| it.time_zone_annotation().is_none())?;
                let civil = pieces.date().to_datetime(pieces.time().unwrap_or_default());
                let offset = pieces.to_numeric_offset().map_or(0, |offset| offset.seconds().into());
                civil.duration_since(EPOCH).checked_sub(SignedDuration::from_secs(offset))?
            }
        };
        Timestamp::rounded_down(since_1970).within_calendar()
    }

    fn since_1970(time: SystemTime) -> Self {
        let since_1970 = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX),
            Err(error) => {
                SignedDuration::try_from(error.duration()).map_or(SignedDuration::MIN, |before| -before)
            }
        };
        Timestamp::rounded_down(since_1970)
    }

    fn rounded_down(since_1970: SignedDuration) -> Self {
        let (seconds, nanoseconds) = (since_1970.as_secs(), since_1970.subsec_nanos());
        match u32::try_from(nanoseconds) {
            Ok(nanoseconds) => Timestamp { seconds, nanoseconds },
            Err(_) => Timestamp {
                seconds: seconds.saturating_sub(1),
                nanoseconds: NANOSECONDS_PER_SECOND - nanoseconds.unsigned_abs(),
            },
        }
    }

    /// Returns the timestamp if it is in the range that the type of every language can hold.
    fn within_calendar(self) -> Option<Self> {
        CALENDAR.contains(&self.seconds).then_some(self)
    }

    /// Returns date and time in UTC; for a timestamp outside of the calendar, the nearest that can be represented.
    fn civil(self) -> DateTime {
        let nanoseconds = i32::try_from(self.nanoseconds).unwrap_or_default();
        EPOCH.saturating_add(SignedDuration::new(self.seconds, nanoseconds))
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = Error;

    fn try_from(time: SystemTime) -> Result<Self, Error> {
        let timestamp = Timestamp::since_1970(time);
        timestamp.check("timestamp").map(|()| timestamp)
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.as_system_time()
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(string: &str) -> Result<Self, Error> {
        Timestamp::parse(string).ok_or_else(|| {
            let found = quoted_time(string);
            let reason = format!("{found} is not a timestamp like 2026-03-01T08:30:00Z");
            Error::invalid_argument("timestamp", reason)
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.within_calendar() {
            Some(_) => write!(f, "{}Z", self.civil()),
            None => write!(f, "{} s since 1970", self.seconds),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.within_calendar() {
            Some(_) => serializer.collect_str(&format_args!("{:.3}Z", self.civil())),
            None => Err(S::Error::custom(format_args!("a timestamp {OUTSIDE}"))),
        }
    }
}

impl Readable for Timestamp {
    fn from_string(string: &str) -> Option<Self> {
        Timestamp::parse(string)
    }

    fn is_written_as_string(&self, string: &str) -> bool {
        // Requests have millisecond precision and no leap seconds.
        self.nanoseconds.is_multiple_of(1_000_000) && !string.contains(":60")
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::Timestamp;

    #[test]
    fn every_format_of_the_service_is_parsed() {
        for string in [
            "2026-03-01T08:30:00Z",
            "2026-03-01T08:30:00.000Z",
            "2026-03-01T09:30:00+01:00",
            "2026-03-01T09:30:00.000+0100",
            "2026-03-01T08:30:00",
            "2026-03-01 08:30:00Z",
        ] {
            let timestamp: Timestamp = string.parse().expect(string);
            assert_eq!(timestamp.to_string(), "2026-03-01T08:30:00Z", "{string}");
        }
        let precise: Timestamp = "2026-03-01T08:30:00.123456789Z".parse().expect("a timestamp");
        assert_eq!(precise.to_string(), "2026-03-01T08:30:00.123456789Z");
    }

    #[test]
    fn the_whole_calendar_is_parsed_printed_and_sent() {
        for (string, printed, sent) in [
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
            ("0001-01-01T01:00:00+01:00", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
            ("1601-01-01T00:00:00Z", "1601-01-01T00:00:00Z", "1601-01-01T00:00:00.000Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z"),
            ("9999-12-30T22:00:00.001Z", "9999-12-30T22:00:00.001Z", "9999-12-30T22:00:00.001Z"),
            ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
            ("9999-12-31T22:59:59.999-01:00", "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
            ("9999-12-31T23:59:59", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"),
            ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999Z"),
        ] {
            let timestamp: Timestamp = string.parse().expect(string);
            assert_eq!(timestamp.to_string(), printed, "{string}");
            assert_eq!(serde_json::to_value(timestamp).expect("JSON"), sent, "{string}");
            assert_eq!(
                Timestamp::try_from(timestamp.as_system_time()).expect("within the calendar"),
                timestamp
            );
        }
        let (first, last) = ("0001-01-01T00:00:00Z".parse(), "9999-12-31T23:59:59.999999999Z".parse());
        assert_eq!((first.ok(), last.ok()), (Some(Timestamp::MIN), Some(Timestamp::MAX)));
        assert!(Timestamp::MIN < Timestamp::now() && Timestamp::now() < Timestamp::MAX);
    }

    #[test]
    fn a_timestamp_outside_the_calendar_is_refused_by_name_and_never_sent() {
        for seconds in [i64::MIN, super::CALENDAR.start - 1, super::CALENDAR.end, i64::MAX] {
            let outside = Timestamp { seconds, nanoseconds: 0 };
            let error = outside.check("body.date_to_delete").expect_err("a refusal");
            assert_eq!(error.argument(), Some("body.date_to_delete"));
            assert_eq!(error.to_string(), "body.date_to_delete is outside the years 1 to 9999");
            serde_json::to_value(outside).expect_err("no JSON");
            let _ = (format!("{outside:?} {}", outside.for_interval()), outside.as_system_time());
        }
    }

    #[test]
    fn a_timestamp_is_sent_in_the_formats_of_the_service_and_its_documentation() {
        let timestamp: Timestamp = "2026-03-01T08:30:00.123456789Z".parse().expect("a timestamp");
        assert_eq!(serde_json::to_string(&timestamp).expect("JSON"), "\"2026-03-01T08:30:00.123Z\"");
        assert_eq!(timestamp.for_interval().to_string(), "2026-03-01T08:30:00");
    }

    #[test]
    fn timestamps_convert_from_and_to_system_time() {
        let timestamp: Timestamp = "2026-03-01T08:30:00.123456789Z".parse().expect("a timestamp");
        assert_eq!(Timestamp::try_from(timestamp.as_system_time()).ok(), Some(timestamp));
        let before_1970: Timestamp = "1969-12-31T23:59:59.25Z".parse().expect("a timestamp");
        assert_eq!(before_1970.as_system_time(), SystemTime::UNIX_EPOCH - Duration::from_millis(750));
        let far = SystemTime::UNIX_EPOCH + Duration::from_secs(400_000_000_000);
        let error = Timestamp::try_from(far).expect_err("the year 14645");
        assert_eq!(error.to_string(), "timestamp is outside the years 1 to 9999");
    }

    #[test]
    fn an_invalid_timestamp_is_refused() {
        for string in [
            "",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "1772353800000",
            "-000001-01-01T00:00:00Z",
            "+10000-01-01T00:00:00Z",
            "+010000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "2026-03-01T08:30:00[Europe/Vienna]",
        ] {
            string.parse::<Timestamp>().expect_err(string);
        }
    }
}
