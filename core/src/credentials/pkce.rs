//! Proof key for code exchange (RFC 7636), S256 only, and the random strings that signing in needs.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::secret::Secret;

/// Returns 32 bytes from the system's random source, encoded as 43 characters that need no escaping in a URL.
pub(super) fn random_string() -> Result<String, Error> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|error| Error::invalid_setting("random", "source of the system is not available", error))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes.as_slice()))
}

/// Returns the code challenge, which is sent to the authorize page in place of the verifier.
pub(super) fn challenge(verifier: &Secret) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose()))
}

pub(super) fn check(verifier: &Secret) -> Result<(), Error> {
    let refuse = |reason: &str| Err(Error::invalid_argument("code_verifier", reason));
    let text = verifier.expose();
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)) {
        return refuse("holds more than letters, digits, `-`, `.`, `_` and `~`");
    }
    match text.len() {
        43..=128 => Ok(()),
        length => refuse(&format!("has {length} characters; 43 to 128 are allowed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        // RFC 7636, appendix B.
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_random_string_is_a_valid_verifier_and_never_the_same() {
        let (one, other) = (random_string().expect("a string"), random_string().expect("a string"));
        assert_ne!(one, other);
        check(&Secret::new(one)).expect("a verifier");
    }

    #[test]
    fn a_verifier_has_43_to_128_unreserved_characters() {
        for good in ["a".repeat(43), "Aa0-._~".repeat(18)] {
            check(&Secret::new(good)).expect("a verifier");
        }
        for bad in ["a".repeat(42), "a".repeat(129), format!("{}+", "a".repeat(43)), "ä".repeat(43)] {
            let error = check(&Secret::new(bad.clone())).expect_err("no verifier");
            assert_eq!(error.argument(), Some("code_verifier"));
            assert!(!error.to_string().contains(&bad), "{error}");
        }
    }
}
