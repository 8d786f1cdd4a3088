//! A moment, as the service writes it.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use serde::{Serialize, Serializer};

use crate::error::Error;
use crate::models::Readable;
use crate::region::printable;

/// A moment in time, to the nanosecond, in the years 1 to 9999.
///
/// Read from and printed as RFC 3339 in UTC, such as `2026-03-01T08:30:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(SystemTime);

impl Timestamp {
    /// The present moment, by the machine's clock.
    #[must_use]
    pub fn now() -> Self {
        Timestamp(SystemTime::now())
    }

    /// The moment as the standard library has it.
    #[must_use]
    pub fn as_system_time(self) -> SystemTime {
        self.0
    }

    /// RFC 3339 with any offset, or without one: then it is UTC, as in the documentation's pattern
    /// for intervals. A bare day is its beginning.
    fn parse(text: &str) -> Option<Self> {
        let moment = match text.parse::<jiff::Timestamp>() {
            Ok(moment) => moment,
            Err(_) => text
                .parse::<jiff::civil::DateTime>()
                .ok()?
                .to_zoned(jiff::tz::TimeZone::UTC)
                .ok()?
                .timestamp(),
        };
        let year = moment.to_zoned(jiff::tz::TimeZone::UTC).year();
        (1..=9999).contains(&year).then(|| Timestamp(moment.into()))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        Timestamp(time)
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Timestamp::parse(text).ok_or_else(|| {
            let found = printable(text);
            Error::invalid_argument(
                "timestamp",
                format!("`{found}` is not a moment like 2026-03-01T08:30:00Z"),
            )
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::try_from(self.0) {
            Ok(moment) => moment.fmt(f),
            Err(_) => f.write_str("a moment outside the calendar"),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match jiff::Timestamp::try_from(self.0) {
            Ok(moment) => serializer.collect_str(&moment),
            Err(_) => Err(serde::ser::Error::custom("a moment outside the calendar")),
        }
    }
}

impl Readable for Timestamp {
    fn from_text(text: &str) -> Option<Self> {
        Timestamp::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn the_services_ways_to_write_a_moment_are_read() {
        for text in [
            "2026-03-01T08:30:00Z",
            "2026-03-01T08:30:00.000Z",
            "2026-03-01T09:30:00+01:00",
            "2026-03-01T09:30:00.000+0100",
            "2026-03-01T08:30:00",
            "2026-03-01 08:30:00Z",
        ] {
            let moment: Timestamp = text.parse().expect(text);
            assert_eq!(moment.to_string(), "2026-03-01T08:30:00Z", "{text}");
        }
        let precise: Timestamp = "2026-03-01T08:30:00.123456789Z".parse().expect("a moment");
        assert_eq!(precise.to_string(), "2026-03-01T08:30:00.123456789Z");
        assert_eq!(
            "1969-12-31T23:59:59.5Z".parse::<Timestamp>().expect("a moment").to_string(),
            "1969-12-31T23:59:59.5Z"
        );
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "1772353800000",
            "-000001-01-01T00:00:00Z",
            "+10000-01-01T00:00:00Z",
        ] {
            text.parse::<Timestamp>().expect_err(text);
        }
    }
}
