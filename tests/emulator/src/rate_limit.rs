//! The number of requests that a token may make in a window of time.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::emulator::Rules;
use crate::organization::Organization;

/// The values of the rate-limit headers of a response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    pub(crate) count: u32,
    pub(crate) allowed: u32,
    pub(crate) reset_seconds: u64,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    end: Timestamp,
    count: u32,
}

/// The current window of each token.
#[derive(Debug, Default)]
pub(crate) struct Windows(HashMap<String, Window>);

impl Organization {
    /// Counts a request against its token's budget.
    pub(crate) fn spend(&mut self, token: &str, rules: &Rules, now: Timestamp) -> Budget {
        let window = self
            .windows
            .0
            .entry(token.to_owned())
            .and_modify(|window| {
                if window.end <= now {
                    *window = Window::starting(now, rules);
                }
            })
            .or_insert_with(|| Window::starting(now, rules));
        window.count = window.count.saturating_add(1);
        window.budget(rules, now)
    }

    /// Returns the current budget without counting a request.
    pub(crate) fn budget(&self, token: &str, rules: &Rules, now: Timestamp) -> Budget {
        self.windows
            .0
            .get(token)
            .filter(|window| window.end > now)
            .copied()
            .unwrap_or_else(|| Window::starting(now, rules))
            .budget(rules, now)
    }
}

impl Window {
    fn starting(now: Timestamp, rules: &Rules) -> Self {
        Self { end: now.checked_add(rules.rate_window).unwrap_or(Timestamp::MAX), count: 0 }
    }

    fn budget(self, rules: &Rules, now: Timestamp) -> Budget {
        let left = self.end.duration_since(now);
        let seconds = u64::try_from(left.as_secs()).unwrap_or_default();
        Budget {
            count: self.count,
            allowed: rules.rate_limit,
            // A fraction of a second is rounded up, so that a client that waits this long is not too early.
            reset_seconds: seconds + u64::from(left.subsec_nanos() > 0),
        }
    }
}
