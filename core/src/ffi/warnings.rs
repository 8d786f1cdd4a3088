//! Warnings for the user of a program, which each language shows in its own way.
//!
//! A function that warns does so on the thread of its caller, and the binding takes the warnings on the same thread as
//! soon as the function has returned.

use std::cell::RefCell;

thread_local! {
    static WARNINGS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Keeps warnings for the binding, in place of those that no binding has taken.
pub(super) fn keep(warnings: Vec<String>) {
    WARNINGS.set(warnings);
}

/// Returns the warnings of the functions that were called on this thread, and forgets them. For the bindings, which
/// call it after each function that finds settings.
#[uniffi::export]
fn take_warnings() -> Vec<String> {
    WARNINGS.take()
}

#[cfg(test)]
mod tests {
    use super::{keep, take_warnings};

    #[test]
    fn warnings_are_taken_once_and_on_the_thread_that_they_belong_to() {
        keep(vec!["~/.gc/config.toml holds a secret".to_owned()]);
        assert!(std::thread::spawn(take_warnings).join().expect("no panic").is_empty());
        assert_eq!(take_warnings(), ["~/.gc/config.toml holds a secret"]);
        assert!(take_warnings().is_empty());
    }
}
