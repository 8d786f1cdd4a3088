//! The retry budget: an outage is not answered with a storm.

use std::sync::atomic::{AtomicU32, Ordering};

/// Tokens shared by all clones of a client: a retry takes some, success gives them back.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    left: AtomicU32,
    capacity: u32,
}

/// What a first attempt that succeeds gives back.
const UNTROUBLED_SUCCESS: u32 = 1;

impl RetryBudget {
    pub(crate) fn new(capacity: u32) -> Self {
        RetryBudget { left: AtomicU32::new(capacity), capacity }
    }

    /// Takes the cost of a retry, or says that there is not enough left.
    #[must_use]
    pub(crate) fn take(&self, cost: u32) -> bool {
        self.left.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(cost)).is_ok()
    }

    /// Success gives back what its last retry took.
    pub(crate) fn succeeded(&self, last_cost: Option<u32>) {
        let given = last_cost.unwrap_or(UNTROUBLED_SUCCESS);
        // A full budget, the usual case, costs a read and no write.
        if self.left.load(Ordering::Acquire) < self.capacity {
            let _ = self.left.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| {
                Some(left.saturating_add(given).min(self.capacity))
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RetryBudget;

    #[test]
    fn retries_take_and_success_gives_back_up_to_the_capacity() {
        let budget = RetryBudget::new(30);
        assert!(budget.take(14) && budget.take(14), "two retries after failures");
        assert!(!budget.take(14), "there is not enough for a third");
        assert!(!budget.take(5), "nor for one after a throttle");
        budget.succeeded(Some(14));
        assert!(budget.take(14));
        budget.succeeded(None);
        budget.succeeded(None);
        budget.succeeded(None);
        assert!(budget.take(5), "three untroubled successes and the two that were left");
        for _ in 0..100 {
            budget.succeeded(Some(14));
        }
        assert!(budget.take(30) && !budget.take(1), "never more than the capacity");
    }
}
