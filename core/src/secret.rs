//! Text that must not be printed.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

/// A client secret, a token or another text that must not be seen.
///
/// Its text comes only from `expose()`: printing it, or anything that holds it, shows three stars.
/// The memory is cleared when the last copy of it is dropped.
#[derive(Clone)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Object), uniffi::export(Debug, Eq, Hash))]
pub struct Secret(Arc<Kept>);

/// The memory of a secret, which is cleared with it.
struct Kept(SecretString);

impl Kept {
    fn new(text: String) -> Self {
        #[cfg(any(test, feature = "panics"))]
        living::began(&text);
        Kept(SecretString::from(text))
    }
}

#[cfg(any(test, feature = "panics"))]
impl Drop for Kept {
    fn drop(&mut self) {
        living::ended(self.0.expose_secret());
    }
}

/// Counts the secrets in memory, so that tests find those that nobody can free any more.
#[cfg(any(test, feature = "panics"))]
pub(crate) mod living {
    use std::collections::HashMap;
    use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

    static LIVING: LazyLock<Mutex<HashMap<String, u64>>> = LazyLock::new(Mutex::default);

    fn lock() -> MutexGuard<'static, HashMap<String, u64>> {
        LIVING.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn began(text: &str) {
        *lock().entry(text.to_owned()).or_default() += 1;
    }

    pub(super) fn ended(text: &str) {
        let mut living = lock();
        match living.get_mut(text) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(living.remove(text)),
        }
    }

    /// Returns how many secrets with this text are in memory.
    #[cfg(test)]
    pub(crate) fn count(text: &str) -> u64 {
        lock().get(text).copied().unwrap_or_default()
    }

    /// Returns how many secrets are in memory.
    #[cfg(feature = "panics")]
    #[unsafe(no_mangle)]
    extern "C" fn purecloud_oauth_living_secrets() -> u64 {
        lock().values().sum()
    }
}

impl Secret {
    /// Takes a text into custody.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Secret(Arc::new(Kept::new(text.into())))
    }

    /// The text itself. What is done with it from here on is the caller's care.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.0.expose_secret()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

impl Hash for Secret {
    /// Equal secrets have equal hashes, and a hash tells nothing about its secret.
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Secret::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Secret::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn printing_a_secret_shows_stars() {
        let secret = Secret::new("mW4tS9xQ");
        assert_eq!(format!("{secret:?}"), "Secret(***)");
        assert_eq!(format!("{:?}", Some(vec![secret.clone()])), "Some([Secret(***)])");
        assert_eq!(secret.expose(), "mW4tS9xQ");
    }
}
