//! The emulator's clock: real time, plus the duration by which a test has advanced it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;

/// The clock by which the tokens, codes and rate limits of an emulator expire.
///
/// It runs with real time and can be advanced, so that a test sees a token expire without waiting.
#[derive(Debug)]
pub struct Clock {
    start: SystemTime,
    started: Instant,
    advanced: Mutex<Duration>,
}

impl Clock {
    pub(crate) fn starting_at(start: SystemTime) -> Self {
        Self { start, started: Instant::now(), advanced: Mutex::new(Duration::ZERO) }
    }

    /// Returns the current time of the emulator.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        let advanced = *self.advanced.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = self.started.elapsed().saturating_add(advanced);
        let last = SystemTime::from(Timestamp::MAX);
        self.start.checked_add(passed).map_or(last, |now| now.min(last))
    }

    /// Advances the clock. It stops at the last date that can be represented.
    pub fn advance(&self, by: Duration) {
        let mut advanced = self.advanced.lock().unwrap_or_else(PoisonError::into_inner);
        *advanced = advanced.saturating_add(by);
    }

    pub(crate) fn timestamp(&self) -> Timestamp {
        Timestamp::try_from(self.now()).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, Duration, SystemTime, Timestamp};

    #[test]
    fn the_clock_stops_at_the_last_representable_date() {
        let clock = Clock::starting_at(SystemTime::now());
        let before = clock.now();
        clock.advance(Duration::from_secs(60));
        assert!(clock.now() >= before + Duration::from_secs(60));
        for _ in 0..2 {
            clock.advance(Duration::MAX);
            assert_eq!(clock.timestamp(), Timestamp::MAX);
        }
    }
}
