//! Warnings for the user, which each language shows in its own way.
//!
//! A function stores its warnings for the thread that called it, and the binding takes them on the same thread as soon
//! as the function has returned.

use std::cell::RefCell;

thread_local! {
    static WARNINGS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Stores warnings of this thread for the binding. They replace earlier ones that were never taken.
pub(super) fn keep(warnings: Vec<String>) {
    WARNINGS.set(warnings);
}

/// Returns and removes the warnings of the functions that were called on this thread. The bindings call it after each
/// function that looks up settings.
#[uniffi::export]
fn take_warnings() -> Vec<String> {
    WARNINGS.take()
}

#[cfg(test)]
mod tests {
    use super::{keep, take_warnings};

    #[test]
    fn warnings_are_taken_once_and_only_on_their_own_thread() {
        keep(vec!["~/.gc/config.toml holds a secret".to_owned()]);
        assert!(std::thread::spawn(take_warnings).join().expect("no panic").is_empty());
        assert_eq!(take_warnings(), ["~/.gc/config.toml holds a secret"]);
        assert!(take_warnings().is_empty());
    }
}
