//! What an operator can set about the network.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::allow::AllowPrivate;

/// How long name resolution, TCP and TLS may take together, unless set otherwise.
pub const CONNECT_TIMEOUT_MS: u64 = 10_000;

/// How requests leave this machine.
#[derive(Clone, Debug)]
pub struct NetConfig {
    /// The exceptions to the guard (`SKEIN_ALLOW_PRIVATE`).
    pub allow_private: AllowPrivate,
    /// Who answers DNS questions (`SKEIN_DNS`).
    pub dns: Dns,
    /// A PEM file with certificate authorities to trust besides the system's (`SKEIN_EXTRA_CA`).
    pub extra_ca: Option<PathBuf>,
    /// The `User-Agent` header of every request.
    pub user_agent: String,
    /// How long name resolution, TCP and TLS may take together.
    pub connect_timeout: Duration,
}

impl Default for NetConfig {
    fn default() -> Self {
        Self {
            allow_private: AllowPrivate::None,
            dns: Dns::System,
            extra_ca: None,
            user_agent: concat!("skein/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_millis(CONNECT_TIMEOUT_MS),
        }
    }
}

/// Who answers DNS questions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dns {
    /// The machine's own configuration, hosts file included.
    #[default]
    System,
    /// One server, asked over UDP and TCP; no hosts file, no search domains.
    Server(SocketAddr),
    /// Nobody: every name but `localhost` fails at once. The sandbox uses it, so that nothing leaves the machine.
    Off,
}

/// A value of `SKEIN_DNS` that could not be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("\"{0}\" is no DNS setting; write system, off, or the address of a server such as 9.9.9.9 or 127.0.0.1:5353")]
pub struct DnsParseError(String);

impl Dns {
    /// Reads `system`, `off`, an address, or an address with a port (53 if none is given).
    pub fn parse(text: &str) -> Result<Self, DnsParseError> {
        match text.trim() {
            "" | "system" => Ok(Self::System),
            "off" => Ok(Self::Off),
            other => other
                .parse::<SocketAddr>()
                .or_else(|_| other.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)))
                .map(Self::Server)
                .map_err(|_| DnsParseError(other.chars().take(100).collect())),
        }
    }
}

/// The HTTP client could not be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The file with extra certificate authorities cannot be read.
    #[error("the certificate file {path} cannot be read: {error}; check SKEIN_EXTRA_CA")]
    ExtraCaUnreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        error: std::io::Error,
    },
    /// The file holds no usable certificate.
    #[error("{path} holds no PEM certificate that can be used; SKEIN_EXTRA_CA wants BEGIN CERTIFICATE blocks")]
    ExtraCaInvalid {
        /// The file.
        path: PathBuf,
    },
    /// TLS could not be set up.
    #[error("TLS could not be set up: {detail}; on a minimal system install the package ca-certificates")]
    Tls {
        /// The technical reason.
        detail: String,
    },
    /// The DNS server given cannot be used.
    #[error("the resolver could not be set up: {detail}; check SKEIN_DNS")]
    Dns {
        /// The technical reason.
        detail: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_settings_are_read() {
        assert_eq!(Dns::parse("system"), Ok(Dns::System));
        assert_eq!(Dns::parse(""), Ok(Dns::System));
        assert_eq!(Dns::parse("off"), Ok(Dns::Off));
        assert_eq!(Dns::parse("9.9.9.9"), Ok(Dns::Server("9.9.9.9:53".parse().unwrap())));
        assert_eq!(Dns::parse("[::1]:5353"), Ok(Dns::Server("[::1]:5353".parse().unwrap())));
        assert!(Dns::parse("dns.example").unwrap_err().to_string().contains("dns.example"));
    }
}
