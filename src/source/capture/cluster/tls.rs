//! Certificates: both ends of every connection show one, and take only those of the same authority.

use std::path::Path;

use tonic::transport::{Certificate, ClientTlsConfig, Identity, ServerTlsConfig};

use super::{Address, WorkerError};

/// An authority, and a certificate of it with its key.
#[derive(Clone)]
pub struct Tls {
    authority: Certificate,
    identity: Identity,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// From three PEM files.
    ///
    /// # Errors
    /// [`WorkerError::Certificates`] when one can't be read, or holds no PEM.
    pub fn read(authority: &Path, certificate: &Path, key: &Path) -> Result<Self, WorkerError> {
        let read = |path: &Path| {
            let failed = |why: String| WorkerError::Certificates {
                why: format!("{}: {why}", path.display()),
            };
            let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
            match text.contains("-----BEGIN ") {
                true => Ok(text),
                false => Err(failed(String::from("it is no PEM file"))),
            }
        };
        Ok(Self {
            authority: Certificate::from_pem(read(authority)?),
            identity: Identity::from_pem(read(certificate)?, read(key)?),
        })
    }

    /// For whoever connects to an address, whose name or number must stand in its certificate.
    pub(super) fn client(&self, address: &Address) -> ClientTlsConfig {
        ClientTlsConfig::new()
            .ca_certificate(self.authority.clone())
            .identity(self.identity.clone())
            .domain_name(address.host.clone())
    }

    /// For whoever listens; a client without a certificate is refused.
    pub(super) fn server(&self) -> ServerTlsConfig {
        ServerTlsConfig::new()
            .client_ca_root(self.authority.clone())
            .identity(self.identity.clone())
    }
}
