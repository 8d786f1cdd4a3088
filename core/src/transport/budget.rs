//! The retry budget: limits the retries during an outage.
//!
//! Without it, every caller of a service that is down sends three times as many requests, at the time at which the
//! service can bear them least. A retry takes its cost from a budget that all clones of an API object share, and
//! successes refill it. During an outage the budget is soon used up, and the calls fail after their first attempt until
//! the service responds again.

use std::sync::atomic::{AtomicU32, Ordering};

/// A budget shared by all clones of an API object: a retry takes tokens from it, a success puts some back.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    left: AtomicU32,
    capacity: u32,
}

/// The number of tokens that a success at the first attempt puts back.
const REFUND_WITHOUT_RETRY: u32 = 1;

impl RetryBudget {
    pub(crate) fn new(capacity: u32) -> Self {
        RetryBudget { left: AtomicU32::new(capacity), capacity }
    }

    /// Takes the cost of a retry. Returns false if there is not enough left.
    #[must_use]
    pub(crate) fn take(&self, cost: u32) -> bool {
        self.left.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(cost)).is_ok()
    }

    /// Records a success: puts the cost of its last retry back, or one token if there was no retry.
    pub(crate) fn succeeded(&self, last_cost: Option<u32>) {
        let refund = last_cost.unwrap_or(REFUND_WITHOUT_RETRY);
        // A full budget, the usual case, costs a read and no write.
        if self.left.load(Ordering::Acquire) < self.capacity {
            let _ = self.left.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| {
                Some(left.saturating_add(refund).min(self.capacity))
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RetryBudget;

    #[test]
    fn retries_take_tokens_and_success_puts_them_back_up_to_the_capacity() {
        let budget = RetryBudget::new(30);
        assert!(budget.take(14) && budget.take(14), "two retries after failures");
        assert!(!budget.take(14), "there is not enough for a third");
        assert!(!budget.take(5), "nor for one after a 429");
        budget.succeeded(Some(14));
        assert!(budget.take(14));
        budget.succeeded(None);
        budget.succeeded(None);
        budget.succeeded(None);
        assert!(budget.take(5), "three successes without a retry, and the two that were left");
        for _ in 0..100 {
            budget.succeeded(Some(14));
        }
        assert!(budget.take(30) && !budget.take(1), "never more than the capacity");
    }
}
