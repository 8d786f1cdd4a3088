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
pub struct Secret(Arc<SecretString>);

impl Secret {
    /// Takes a text into custody.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Secret(Arc::new(SecretString::from(text.into())))
    }

    /// The text itself. What is done with it from here on is the caller's care.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
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
