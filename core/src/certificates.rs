//! Certificates and keys in PEM, as found in files: with a byte order mark, indentation, or other text around them.

use reqwest::{Certificate, Client, Identity};

use crate::error::Error;
use crate::secret::Secret;
use zeroize::Zeroizing;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const BEGIN: &str = "-----BEGIN ";
const ROOTS: &str = "root_certificates";

/// Returns the certificates of the setting `root_certificates`. A certificate that can't be read is an error, so that
/// none is ignored silently.
pub(crate) fn root_certificates(bundles: &[Vec<u8>]) -> Result<Vec<Certificate>, Error> {
    let mut certificates = Vec::new();
    for bundle in bundles {
        let text = without_margins(bundle);
        let sections: Vec<_> = sections(&text).filter(|(label, _)| label.ends_with("CERTIFICATE")).collect();
        if sections.is_empty() {
            return Err(Error::invalid_argument(ROOTS, "holds no certificate in PEM"));
        }
        for (index, (label, section)) in sections.iter().enumerate() {
            let place = format!("certificate {} of {}", index + 1, sections.len());
            if *label == "TRUSTED CERTIFICATE" {
                let reason = format!(
                    "holds {place} in OpenSSL's own format; `openssl x509` without `-trustout` writes the usual one"
                );
                return Err(Error::invalid_argument(ROOTS, reason));
            }
            let broken = || {
                Error::invalid_argument(ROOTS, format!("holds {place}, which is not PEM that can be read"))
            };
            let mut read = Certificate::from_pem_bundle(section.as_bytes()).map_err(|_| broken())?;
            certificates.push((read.pop().ok_or_else(broken)?, place));
        }
    }
    match client_trusting(certificates.iter().map(|(certificate, _)| certificate)) {
        Ok(_) => Ok(certificates.into_iter().map(|(certificate, _)| certificate).collect()),
        Err(error) => Err(first_broken(&certificates, error)),
    }
}

/// Builds an HTTP client with these root certificates, to check them.
fn client_trusting<'a>(certificates: impl Iterator<Item = &'a Certificate>) -> reqwest::Result<Client> {
    Client::builder().no_proxy().tls_certs_only(certificates.cloned()).build()
}

/// Returns the error of the first certificate that can't be used on its own: `error` does not name any certificate.
fn first_broken(certificates: &[(Certificate, String)], error: reqwest::Error) -> Error {
    for (certificate, place) in certificates {
        if let Err(error) = client_trusting([certificate].into_iter()) {
            return Error::invalid_setting(ROOTS, &format!("holds {place}, which is broken"), error);
        }
    }
    Error::invalid_setting(ROOTS, "can't be used", error)
}

/// Returns the certificate and private key of the setting `client_certificate`.
pub(crate) fn client_certificate(pem: &Secret) -> Result<Identity, Error> {
    const SETTING: &str = "client_certificate";
    let refuse = |reason| Err(Error::invalid_argument(SETTING, reason));
    let text = without_margins(pem.expose().as_bytes());
    let is_there = |end| sections(&text).any(|(label, _)| label.ends_with(end));
    if is_there("ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return refuse("holds an encrypted private key; decrypt it first, for example with `openssl pkey`");
    }
    match (is_there("CERTIFICATE"), is_there("PRIVATE KEY")) {
        (true, true) => {}
        (true, false) => return refuse("holds a certificate, but no private key; both must be in one PEM"),
        (false, true) => return refuse("holds a private key, but no certificate; both must be in one PEM"),
        (false, false) => return refuse("is not PEM with a certificate and its private key"),
    }
    let identity = Identity::from_pem(text.as_bytes());
    let built = identity.and_then(|identity| {
        Client::builder().no_proxy().tls_certs_only([]).identity(identity.clone()).build().map(|_| identity)
    });
    built.map_err(|error| Error::invalid_setting(SETTING, "can't be used", error))
}

/// Returns the PEM without a byte order mark and without whitespace around its lines.
fn without_margins(pem: &[u8]) -> Zeroizing<String> {
    let pem = pem.strip_prefix(BYTE_ORDER_MARK).unwrap_or(pem);
    let mut text = Zeroizing::new(String::with_capacity(pem.len() + 1));
    for line in pem.split(|byte| matches!(byte, b'\n' | b'\r')) {
        text.push_str(&String::from_utf8_lossy(line.trim_ascii()));
        text.push('\n');
    }
    text
}

/// Splits PEM into sections: each with its label and everything up to the next section.
fn sections(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.match_indices(BEGIN).map(move |(start, _)| {
        let section = &text[start..];
        let end = section[BEGIN.len()..].find(BEGIN).map_or(section.len(), |next| next + BEGIN.len());
        let label = section[BEGIN.len()..].split("-----").next().unwrap_or_default();
        (label, &section[..end])
    })
}
