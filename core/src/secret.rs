//! Strings that must not be printed.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

/// A client secret, a token or another string that must not be shown.
///
/// Only `expose()` returns the string: printing the secret, or anything that contains it, shows three asterisks. The
/// memory is cleared when the last copy of the secret is dropped.
///
/// # Examples
/// ```
/// use purecloud_oauth::Secret;
///
/// let secret = Secret::new("hq3KpZ0vX1yT7wB9");
/// assert_eq!(format!("{secret:?}"), "Secret(***)");
/// assert_eq!(secret, Secret::from("hq3KpZ0vX1yT7wB9"));
/// ```
#[derive(Clone)]
#[cfg_attr(feature = "uniffi", exported, derive(uniffi::Object), uniffi::export(Debug, Eq, Hash))]
pub struct Secret(Arc<Memory>);

/// The memory of a secret, which is cleared when it is dropped.
struct Memory(SecretString);

impl Memory {
    fn new(value: String) -> Self {
        #[cfg(any(test, feature = "panics"))]
        living::add(&value);
        Memory(SecretString::from(value))
    }
}

#[cfg(any(test, feature = "panics"))]
impl Drop for Memory {
    fn drop(&mut self) {
        living::remove(self.0.expose_secret());
    }
}

/// Counts the secrets in memory, so that tests find leaked ones.
#[cfg(any(test, feature = "panics"))]
pub(crate) mod living {
    use std::collections::HashMap;
    use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

    static LIVING: LazyLock<Mutex<HashMap<String, u64>>> = LazyLock::new(Mutex::default);

    fn lock() -> MutexGuard<'static, HashMap<String, u64>> {
        LIVING.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(value: &str) {
        *lock().entry(value.to_owned()).or_default() += 1;
    }

    pub(super) fn remove(value: &str) {
        let mut living = lock();
        match living.get_mut(value) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(living.remove(value)),
        }
    }

    /// Returns the number of secrets in memory that have this value.
    #[cfg(test)]
    pub(crate) fn count(value: &str) -> u64 {
        lock().get(value).copied().unwrap_or_default()
    }

    /// Returns the number of secrets in memory.
    #[cfg(feature = "panics")]
    #[unsafe(no_mangle)]
    extern "C" fn purecloud_oauth_living_secrets() -> u64 {
        lock().values().sum()
    }
}

#[cfg_attr(feature = "uniffi", exported(secret_declaration))]
impl Secret {
    /// Wraps a string.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Secret(Arc::new(Memory::new(text.into())))
    }

    /// Returns the string itself. The caller must keep it out of logs and error messages.
    ///
    /// # Examples
    /// ```
    /// let secret = purecloud_oauth::Secret::new("hq3KpZ0vX1yT7wB9");
    /// let mut command = std::process::Command::new("nachtlauf");
    /// command.env("GENESYSCLOUD_OAUTHCLIENT_SECRET", secret.expose());
    /// ```
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.0.expose_secret()
    }
}

impl Secret {
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
    /// Writes nothing: equal secrets have equal hashes, and a hash reveals nothing about its secret.
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Secret::new(value)
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Secret::new(value)
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn printing_a_secret_shows_asterisks() {
        let secret = Secret::new("mW4tS9xQ");
        assert_eq!(format!("{secret:?}"), "Secret(***)");
        assert_eq!(format!("{:?}", Some(vec![secret.clone()])), "Some([Secret(***)])");
        assert_eq!(secret.expose(), "mW4tS9xQ");
    }
}
