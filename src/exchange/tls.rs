//! The TLS client: trust as the plan says, and what the peer showed as facts, also when it is then refused.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::recording::{Ending, How, TlsFacts};
use crate::plan::{Roots, Trust};

/// A handshake about to begin, and the certificate facts that it will yield.
pub(super) struct Handshake {
    pub connection: ClientConnection,
    peer: Arc<Witness>,
}

impl Handshake {
    /// # Errors
    /// When the trusted certificates cannot be read, or the host is no name that TLS knows.
    pub fn new(host: &str, trust: &Trust) -> Result<Handshake> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let judge: Arc<dyn ServerCertVerifier> = if trust.insecure {
            Arc::new(Gullible)
        } else {
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots(&trust.roots)?), provider.clone()).build()?
        };
        let peer = Arc::new(Witness { judge, seen: Mutex::new(TlsFacts::default()) });
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(peer.clone())
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let name = ServerName::try_from(host.to_string()).with_context(|| format!("{host:?} is not a name that TLS can check"))?;
        Ok(Handshake { connection: ClientConnection::new(Arc::new(config), name)?, peer })
    }

    /// What is known of the session so far.
    pub fn facts(&self) -> TlsFacts {
        let mut facts = self.peer.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        facts.version = self.connection.protocol_version().and_then(|version| version.as_str().map(|text| text.replace('_', ".")));
        facts.cipher = self.connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str().map(str::to_string));
        facts
    }
}

fn roots(roots: &Roots) -> Result<RootCertStore> {
    let (certificates, source) = match roots {
        Roots::System => (rustls_native_certs::load_native_certs().certs, "the system's certificate store".to_string()),
        Roots::File(path) => {
            (rustls_native_certs::load_certs_from_paths(Some(path), None).certs, format!("the certificate file {}", path.display()))
        }
        Roots::Directory(path) => {
            (rustls_native_certs::load_certs_from_paths(None, Some(path)).certs, format!("the certificate directory {}", path.display()))
        }
        Roots::Pem(text) => {
            let certificates = CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<_, _>>();
            (certificates.context("the PEM certificates")?, "the PEM text".to_string())
        }
    };
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(certificates);
    if store.is_empty() {
        bail!(
            "{source} holds no certificate; name a PEM file with --cacert FILE, or install the system's certificates (package ca-certificates)"
        );
    }
    Ok(store)
}

/// Why rustls gave up, as an ending. rustls names the certificate's fault by variant; `saw` is what the peer sent first.
pub(super) fn failure(error: &Error, saw: &[u8]) -> Ending {
    use CertificateError as Fault;
    let how = match error {
        Error::InvalidCertificate(
            Fault::Expired | Fault::ExpiredContext { .. } | Fault::NotValidYet | Fault::NotValidYetContext { .. },
        ) => How::TlsCertificateExpired,
        Error::InvalidCertificate(Fault::UnknownIssuer) => How::TlsIssuerUnknown,
        Error::InvalidCertificate(Fault::NotValidForName | Fault::NotValidForNameContext { .. }) => How::TlsNameMismatch,
        Error::InvalidCertificate(Fault::Other(other)) if other.to_string().contains("CaUsedAsEndEntity") => How::TlsIssuerUnknown,
        Error::InvalidCertificate(_) => How::TlsCertificateRejected,
        // A handshake's first record begins with its type, 20 to 24 (RFC 8446 section 5.1); a letter is another protocol.
        Error::InvalidMessage(_) if saw.first().is_some_and(|byte| !(20..=24).contains(byte)) => {
            return Ending::because(How::TlsSpokenToPlain, String::from_utf8_lossy(saw));
        }
        _ => How::HandshakeFailed,
    };
    Ending::because(how, error.to_string())
}

/// Remembers the certificate that the peer shows and leaves the judgement to another verifier.
#[derive(Debug)]
struct Witness {
    judge: Arc<dyn ServerCertVerifier>,
    seen: Mutex<TlsFacts>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = certificate_facts(end_entity, 1 + intermediates.len());
        self.judge.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}

/// Believes everything: `--insecure`.
#[derive(Debug)]
struct Gullible;

impl ServerCertVerifier for Gullible {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Issuer, names and validity. A certificate that cannot be parsed yields only the length of its chain.
fn certificate_facts(der: &[u8], chain: usize) -> TlsFacts {
    let Ok(certificate) = Certificate::from_der(der) else {
        return TlsFacts { chain, ..TlsFacts::default() };
    };
    let body = &certificate.tbs_certificate;
    let names = match body.get::<SubjectAltName>() {
        Ok(Some((_, SubjectAltName(names)))) => names.iter().filter_map(alternative_name).collect(),
        _ => Vec::new(),
    };
    TlsFacts {
        subject: Some(body.subject.to_string()),
        issuer: Some(body.issuer.to_string()),
        not_before: Some(body.validity.not_before.to_string()),
        not_after: Some(body.validity.not_after.to_string()),
        names,
        chain,
        ..TlsFacts::default()
    }
}

fn alternative_name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(octets) => match octets.as_bytes() {
            &[a, b, c, d] => Some(std::net::Ipv4Addr::new(a, b, c, d).to_string()),
            bytes => <[u8; 16]>::try_from(bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string()),
        },
        _ => None,
    }
}
