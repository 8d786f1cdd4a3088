//! Certificates: a machine without a certificate store, and PEM as it occurs in files.

use std::process::Command;

use purecloud_oauth::{Config, Credentials, Error, ErrorKind, Region};

use crate::world::{World, api};

fn build_error(
    build: impl FnOnce(purecloud_oauth::ConfigBuilder) -> purecloud_oauth::ConfigBuilder,
) -> Error {
    let config = Config::builder(Region::EuCentral1, Credentials::access_token("token-for-nobody"));
    build(config).build().map(drop).expect_err("a refusal")
}

/// The environment variables apply to the whole process, so the next test runs this one in a separate process.
#[tokio::test]
#[ignore = "needs the environment that the next test gives it"]
async fn without_a_certificate_store() {
    let world = World::new().await;
    world.api().get_oauth_scopes(None).await.expect("plain http to loopback needs no certificates");

    let tls = World::start_with(|builder| builder.tls(true)).await;
    let roots = tls.emulator.ca_certificate_pem().expect("a root").to_owned();
    let with_roots = api(tls.config().root_certificates(roots));
    with_roots.get_oauth_scopes(None).await.expect("the given certificates suffice");

    let error = build_error(|config| config);
    assert_eq!((error.kind(), error.argument()), (ErrorKind::InvalidArgument, None));
    let message = error.to_string();
    for part in ["no certificates to trust", "ca-certificates", "SSL_CERT_FILE", "root_certificates"] {
        assert!(message.contains(part), "{part} in: {message}");
    }
}

#[test]
fn a_missing_certificate_store_is_reported_for_https_and_not_needed_for_loopback() {
    let child = Command::new(std::env::current_exe().expect("the path of this test program"))
        .args(["--exact", "certificates::without_a_certificate_store", "--ignored"])
        .env("SSL_CERT_FILE", "/nowhere/ca-certificates.crt")
        .env("SSL_CERT_DIR", "/nowhere/certs")
        .output()
        .expect("a child process");
    let printed = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && printed.contains("1 passed"), "{printed}");
}

#[tokio::test]
async fn pem_is_read_with_a_byte_order_mark_indentation_and_surrounding_text() {
    let world = World::start_with(|builder| builder.tls(true).client_certificate_required(true)).await;
    let roots = world.emulator.ca_certificate_pem().expect("a root").to_owned();
    let identity = world.emulator.client_identity_pem().expect("an identity").to_owned();
    let indented = |pem: &str| pem.lines().map(|line| format!("    {line}\r\n")).collect::<String>();
    for (roots, identity) in [
        (format!("\u{feff}{roots}"), format!("\u{feff}{identity}")),
        (indented(&roots), indented(&identity)),
        (format!("subject=CN = Größe\n{roots}\nissuer=\n{roots}"), format!("Bag Attributes\n{identity}")),
    ] {
        let api = api(world.config().root_certificates(roots).client_certificate(identity));
        api.get_oauth_scopes(None).await.expect("scopes");
    }
}

#[tokio::test]
async fn a_broken_certificate_in_a_bundle_is_named() {
    let world = World::start_with(|builder| builder.tls(true)).await;
    let root = world.emulator.ca_certificate_pem().expect("a root").to_owned();
    let not_base64 = root.replacen("MII", "M?I", 1);
    let no_certificate = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    let truncated = root.split("-----END").next().expect("the part before the end");
    let openssls = root.replace("CERTIFICATE", "TRUSTED CERTIFICATE");
    for (second, expected) in [
        (
            not_base64.as_str(),
            "root_certificates holds certificate 2 of 2, which is not PEM that can be read",
        ),
        (truncated, "root_certificates holds certificate 2 of 2, which is not PEM that can be read"),
        (no_certificate, "root_certificates holds certificate 2 of 2, which is broken: "),
        (openssls.as_str(), "root_certificates holds certificate 2 of 2 in OpenSSL's own format; "),
    ] {
        let error = build_error(|config| config.root_certificates(format!("{root}{second}")));
        assert_eq!(error.argument(), Some("root_certificates"));
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    let error = build_error(|config| config.root_certificates("no certificate"));
    assert_eq!(error.to_string(), "root_certificates holds no certificate in PEM");
}

#[tokio::test]
async fn an_unusable_client_certificate_is_refused_with_the_reason() {
    let world = World::start_with(|builder| builder.tls(true).client_certificate_required(true)).await;
    let identity = world.emulator.client_identity_pem().expect("an identity").to_owned();
    let (certificate, key) = identity.split_at(identity.find("-----BEGIN PRIVATE").expect("a key"));
    let other = World::start_with(|builder| builder.tls(true).client_certificate_required(true)).await;
    let other = other.emulator.client_identity_pem().expect("an identity").to_owned();
    let other_key = &other[other.find("-----BEGIN PRIVATE").expect("a key")..];
    let encrypted = identity.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let encrypted_in_the_legacy_format =
        identity.replace("PRIVATE KEY-----\n", "PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n");
    for (pem, expected) in [
        (encrypted.as_str(), "holds an encrypted private key; decrypt it first"),
        (encrypted_in_the_legacy_format.as_str(), "holds an encrypted private key; decrypt it first"),
        (certificate, "holds a certificate, but no private key"),
        (key, "holds a private key, but no certificate"),
        ("", "is not PEM with a certificate and its private key"),
        (&format!("{certificate}{other_key}"), "can't be used: "),
    ] {
        let error = build_error(|config| config.client_certificate(pem));
        assert_eq!(error.argument(), Some("client_certificate"));
        assert!(error.to_string().starts_with(&format!("client_certificate {expected}")), "{error}");
        assert!(!format!("{error:#?}").contains("BEGIN"), "{error:?}");
    }
}
