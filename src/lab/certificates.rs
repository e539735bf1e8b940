//! The lab's certificate authorities and the leaf certificates that its TLS ports present, each wrong in one way.
//! Made when first needed: a lab that only speaks plain HTTP spends nothing on them.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;

/// The certificate of one TLS port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum Leaf {
    Expired,
    ForAnotherName,
    ForAnotherUse,
    FromInterception,
    FromUnknownIssuer,
    Good,
    NotYetValid,
    SelfSigned,
}

pub(in crate::lab) struct Certificates {
    lab: CertifiedIssuer<'static, KeyPair>,
    pub(in crate::lab) authority_pem: String,
}

impl Certificates {
    pub(in crate::lab) fn generate() -> Result<Certificates, rcgen::Error> {
        let lab = authority("llmcheck lab CA", "llmcheck")?;
        Ok(Certificates { authority_pem: lab.pem(), lab })
    }

    /// A TLS server that presents this leaf.
    pub(in crate::lab) fn server_config(&self, leaf: Leaf) -> anyhow::Result<Arc<ServerConfig>> {
        let key = KeyPair::generate()?;
        let mut wanted = CertificateParams::new(names(leaf))?;
        wanted.distinguished_name = distinguished_name("llmcheck lab", "llmcheck");
        wanted.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        // Clients of Apple's and Mozilla's kind refuse leaves that live longer than 825 days; the year of `Good` is the current one.
        let this_year = 1970 + i32::try_from(std::time::UNIX_EPOCH.elapsed()?.as_secs() / 31_556_952)?;
        (wanted.not_before, wanted.not_after) = match leaf {
            Leaf::Expired => (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2021, 1, 1)),
            Leaf::NotYetValid => (rcgen::date_time_ymd(this_year + 5, 1, 1), rcgen::date_time_ymd(this_year + 6, 1, 1)),
            _ => (rcgen::date_time_ymd(this_year - 1, 12, 1), rcgen::date_time_ymd(this_year + 1, 2, 1)),
        };
        let certificate = match leaf {
            Leaf::Good | Leaf::Expired | Leaf::NotYetValid | Leaf::ForAnotherName => wanted.signed_by(&key, &self.lab)?,
            Leaf::ForAnotherUse => {
                wanted.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
                wanted.signed_by(&key, &self.lab)?
            }
            Leaf::FromInterception => wanted.signed_by(&key, &*authority("mitmproxy", "mitmproxy")?)?,
            Leaf::FromUnknownIssuer => wanted.signed_by(&key, &*authority("Somebody's Private CA", "Somebody")?)?,
            Leaf::SelfSigned => wanted.self_signed(&key)?,
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        // Tickets would be the only bytes on the wire that no scenario chose.
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }
}

fn names(leaf: Leaf) -> Vec<String> {
    match leaf {
        Leaf::ForAnotherName => vec!["api.another-name.invalid".into()],
        _ => vec!["127.0.0.1".into(), "localhost".into()],
    }
}

fn authority(common_name: &str, organization: &str) -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut wanted = CertificateParams::default();
    wanted.distinguished_name = distinguished_name(common_name, organization);
    wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(wanted, KeyPair::generate()?)
}

fn distinguished_name(common_name: &str, organization: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name.push(DnType::OrganizationName, organization);
    name
}
