//! A moment, as the service writes it.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use serde::{Serialize, Serializer};

use crate::error::Error;
use crate::models::Readable;
use crate::printable::quoted_time;

/// A moment in time, to the nanosecond, in the years 1 to 9999.
///
/// Read from RFC 3339 with any offset, or without one: then it is UTC, and a bare day is its beginning.
/// Printed as RFC 3339 in UTC, such as `2026-03-01T08:30:00Z`, and sent to the service to the
/// millisecond, as the service itself writes it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The present moment, by the machine's clock.
    #[must_use]
    pub fn now() -> Self {
        Timestamp(jiff::Timestamp::now())
    }

    /// The moment as the standard library has it.
    #[must_use]
    pub fn as_system_time(self) -> SystemTime {
        self.0.into()
    }

    /// The form of the documentation's intervals: in UTC, to the second, without an offset.
    pub(crate) fn for_interval(self) -> impl fmt::Display {
        self.0.strftime("%Y-%m-%dT%H:%M:%S")
    }

    fn parse(text: &str) -> Option<Self> {
        let moment = match text.parse::<jiff::Timestamp>() {
            Ok(moment) => moment,
            Err(_) => {
                let civil = text.parse::<jiff::civil::DateTime>().ok()?;
                civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp()
            }
        };
        Timestamp::within_calendar(moment)
    }

    /// What every language's own type can hold.
    fn within_calendar(moment: jiff::Timestamp) -> Option<Self> {
        let year = moment.to_zoned(jiff::tz::TimeZone::UTC).year();
        (1..=9999).contains(&year).then_some(Timestamp(moment))
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = Error;

    fn try_from(time: SystemTime) -> Result<Self, Error> {
        jiff::Timestamp::try_from(time)
            .ok()
            .and_then(Timestamp::within_calendar)
            .ok_or_else(|| Error::invalid_argument("timestamp", "is outside the years 1 to 9999"))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.as_system_time()
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Timestamp::parse(text).ok_or_else(|| {
            let found = quoted_time(text);
            let reason = format!("{found} is not a moment like 2026-03-01T08:30:00Z");
            Error::invalid_argument("timestamp", reason)
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.3}", self.0))
    }
}

impl Readable for Timestamp {
    fn from_text(text: &str) -> Option<Self> {
        Timestamp::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

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
    fn it_is_sent_as_the_service_and_its_documentation_write_it() {
        let moment: Timestamp = "2026-03-01T08:30:00.123456789Z".parse().expect("a moment");
        assert_eq!(serde_json::to_string(&moment).expect("JSON"), "\"2026-03-01T08:30:00.123Z\"");
        assert_eq!(moment.for_interval().to_string(), "2026-03-01T08:30:00");
    }

    #[test]
    fn the_standard_librarys_moments_go_in_and_out() {
        let moment: Timestamp = "2026-03-01T08:30:00.123456789Z".parse().expect("a moment");
        assert_eq!(Timestamp::try_from(moment.as_system_time()).ok(), Some(moment));
        let far = SystemTime::UNIX_EPOCH + Duration::from_secs(400_000_000_000);
        let error = Timestamp::try_from(far).expect_err("the year 14645");
        assert_eq!(error.to_string(), "timestamp is outside the years 1 to 9999");
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
