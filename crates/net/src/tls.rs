//! TLS: the process-wide provider, and certificate authorities besides the system's.

use std::path::Path;

use reqwest::Certificate;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::config::BuildError;

/// Installs ring as the process's TLS provider. Whoever installed one before keeps it: it is what they chose.
pub(crate) fn install_provider() {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::debug!("a TLS provider was installed before");
    }
}

pub(crate) fn extra_certificates(path: &Path) -> Result<Vec<Certificate>, BuildError> {
    let pem = std::fs::read(path).map_err(|error| BuildError::ExtraCaUnreadable { path: path.to_owned(), error })?;
    let invalid = || BuildError::ExtraCaInvalid { path: path.to_owned() };
    // What is between the lines is only looked into here: a client would say of it that it cannot be built.
    let mut store = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(&pem) {
        store.add(authority.map_err(|_| invalid())?).map_err(|_| invalid())?;
    }
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|_| invalid())?;
    if certificates.is_empty() { Err(invalid()) } else { Ok(certificates) }
}
