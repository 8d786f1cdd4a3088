//! Certificates issued by a trusted root, and by an unknown one.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

pub(crate) struct Certificates {
    pub(crate) root_pem: String,
    pub(crate) http1: TlsAcceptor,
    pub(crate) http2: TlsAcceptor,
    pub(crate) unknown_root: TlsAcceptor,
    pub(crate) wrong_name: TlsAcceptor,
}

impl Certificates {
    pub(crate) fn new() -> Self {
        let (root_pem, issuer) = root();
        let (_, unknown) = root();
        Certificates {
            http1: acceptor(&issuer, "127.0.0.1", b"http/1.1"),
            http2: acceptor(&issuer, "127.0.0.1", b"h2"),
            unknown_root: acceptor(&unknown, "127.0.0.1", b"http/1.1"),
            wrong_name: acceptor(&issuer, "api.example.test", b"http/1.1"),
            root_pem,
        }
    }
}

fn root() -> (String, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let root = params.self_signed(&key).unwrap();
    (root.pem(), Issuer::new(params, key))
}

fn acceptor(issuer: &Issuer<'static, KeyPair>, name: &str, protocol: &[u8]) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, issuer).unwrap();
    let provider = Arc::new(crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    config.alpn_protocols = vec![protocol.to_vec()];
    TlsAcceptor::from(Arc::new(config))
}
