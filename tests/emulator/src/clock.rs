//! The emulator's clock: real time, plus what a test has moved it by.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;

/// The clock by which tokens, codes and rate limits of an emulator expire.
///
/// It runs with real time and can be moved ahead, so that a test sees a token expire without waiting.
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

    /// The emulator's present time.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        let advanced = *self.advanced.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = self.started.elapsed().saturating_add(advanced);
        let last = SystemTime::from(Timestamp::MAX);
        self.start.checked_add(passed).map_or(last, |now| now.min(last))
    }

    /// Moves the clock ahead; a move that no date could hold stops at the last one that can.
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
    fn it_stops_at_the_last_date_there_is() {
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
