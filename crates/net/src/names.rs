//! DNS: addresses for the HTTP clients, filtered by reach, and TXT records.

use std::error::Error as StdError;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError as HickoryError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Resolver, TokioResolver};
use reqwest::dns::{Addrs, Resolve, Resolving};

use crate::config::{BuildError, Dns};
use crate::error::{Asked, NetError, NotSentCause, Refusal, bounded};
use crate::guard::Reach;

/// How long one lookup may take in all, with its second attempt.
pub const DNS_TIMEOUT_MS: u64 = 6_000;

const ATTEMPT_TIMEOUT_MS: u64 = 2_500;
/// "There is no such record" is remembered briefly: people add the record and try again.
const NEGATIVE_TTL_MAX_MS: u64 = 5_000;
const POSITIVE_TTL_MAX_MS: u64 = 300_000;
const MAX_TXT_RECORDS: usize = 100;

/// The resolver that all clients and TXT lookups share.
pub(crate) enum Names {
    Asks(Box<TokioResolver>),
    Off,
    /// The system's DNS configuration could not be read: `localhost` and literal addresses still work.
    Unconfigured(String),
}

impl Names {
    pub(crate) fn new(dns: Dns) -> Result<Self, BuildError> {
        let mut builder = match dns {
            Dns::Off => return Ok(Self::Off),
            Dns::System => match TokioResolver::builder_tokio() {
                Ok(builder) => builder,
                Err(error) => return Ok(Self::Unconfigured(bounded(&error.to_string()))),
            },
            Dns::Server(address) => {
                let at_port = |mut connection: ConnectionConfig| {
                    connection.port = address.port();
                    connection
                };
                let connections = vec![at_port(ConnectionConfig::udp()), at_port(ConnectionConfig::tcp())];
                let server = NameServerConfig::new(address.ip(), true, connections);
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
                let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
                builder.options_mut().use_hosts_file = ResolveHosts::Never;
                builder
            }
        };
        set_bounds(builder.options_mut());
        let resolver = builder.build().map_err(|error| BuildError::Dns { detail: bounded(&error.to_string()) })?;
        Ok(Self::Asks(Box::new(resolver)))
    }

    /// Every TXT record of a name, each with its character strings joined. No record and no such name are an empty answer.
    pub(crate) async fn txt(&self, name: &str) -> Result<Vec<String>, NetError> {
        let fail = |detail: String| NetError::NotSent { target: name.to_owned(), cause: NotSentCause::Dns, detail };
        let resolver = self.resolver().map_err(fail)?;
        let absolute = absolute(name).map_err(fail)?;
        let answer = match within_time(resolver.lookup(absolute, RecordType::TXT)).await {
            Ok(answer) => answer,
            Err(LookupError::NoSuchRecord) => return Ok(Vec::new()),
            Err(LookupError::Failed(detail)) => return Err(fail(detail)),
        };
        let records = answer.answers().iter().filter_map(|record| match &record.data {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        });
        Ok(records.take(MAX_TXT_RECORDS).collect())
    }

    async fn addresses(&self, host: &str, reach: Reach) -> Result<Vec<IpAddr>, ResolveFailure> {
        let fail = |detail: String| ResolveFailure::Failed { host: host.to_owned(), detail };
        let name = host.strip_suffix('.').unwrap_or(host);
        let found: Vec<IpAddr> = if is_localhost(name) {
            vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]
        } else {
            let resolver = self.resolver().map_err(fail)?;
            // A name from outside is never tried with the machine's search domains; one that the operator named may be.
            let question = if reach == Reach::Public { absolute(name) } else { relative(name) }.map_err(fail)?;
            match within_time(resolver.lookup_ip(question)).await {
                Ok(answer) => answer.iter().collect(),
                Err(LookupError::NoSuchRecord) => return Err(fail("there is no such name".to_owned())),
                Err(LookupError::Failed(detail)) => return Err(fail(detail)),
            }
        };
        let mut refusal = None;
        let mut allowed = Vec::with_capacity(found.len());
        for address in found {
            match reach.refuses(address) {
                None => allowed.push(address),
                Some(why) => refusal = refusal.or(Some(why)),
            }
        }
        match refusal {
            _ if !allowed.is_empty() => Ok(allowed),
            Some(refusal) => Err(ResolveFailure::Refused { host: name.to_owned(), refusal }),
            None => Err(fail("the name has no address".to_owned())),
        }
    }

    fn resolver(&self) -> Result<&TokioResolver, String> {
        match self {
            Self::Asks(resolver) => Ok(resolver),
            Self::Off => Err("name resolution is turned off here (SKEIN_DNS=off)".to_owned()),
            Self::Unconfigured(detail) => Err(format!("the system's DNS configuration cannot be read: {detail}")),
        }
    }
}

fn set_bounds(options: &mut ResolverOpts) {
    options.timeout = Duration::from_millis(ATTEMPT_TIMEOUT_MS);
    options.attempts = 1;
    options.negative_max_ttl = Some(Duration::from_millis(NEGATIVE_TTL_MAX_MS));
    options.positive_max_ttl = Some(Duration::from_millis(POSITIVE_TTL_MAX_MS));
}

fn is_localhost(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

fn relative(name: &str) -> Result<Name, String> {
    Name::from_ascii(name).map_err(|error| bounded(&error.to_string()))
}

fn absolute(name: &str) -> Result<Name, String> {
    let mut name = relative(name)?;
    name.set_fqdn(true);
    Ok(name)
}

enum LookupError {
    NoSuchRecord,
    Failed(String),
}

async fn within_time<T>(lookup: impl Future<Output = Result<T, HickoryError>>) -> Result<T, LookupError> {
    let limit = Duration::from_millis(DNS_TIMEOUT_MS);
    match tokio::time::timeout(limit, lookup).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(HickoryError::Dns(DnsError::NoRecordsFound(none))))
            if matches!(none.response_code, ResponseCode::NoError | ResponseCode::NXDomain) =>
        {
            Err(LookupError::NoSuchRecord)
        }
        Ok(Err(error)) => Err(LookupError::Failed(bounded(&error.to_string()))),
        Err(_) => Err(LookupError::Failed(format!("no answer within {DNS_TIMEOUT_MS} ms"))),
    }
}

/// What a reqwest client asks for addresses.
pub(crate) struct Filtered {
    pub(crate) names: Arc<Names>,
    pub(crate) reach: Reach,
}

impl Resolve for Filtered {
    fn resolve(&self, name: reqwest::dns::Name) -> Resolving {
        let (names, reach) = (Arc::clone(&self.names), self.reach);
        Box::pin(async move {
            let addresses = names.addresses(name.as_str(), reach).await?;
            // Port 0 stands for the port of the URL.
            Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

/// A host without a usable address. Travels through reqwest's chain of causes, to be found again by [`Self::within`].
#[derive(Clone, Debug)]
pub(crate) enum ResolveFailure {
    Refused { host: String, refusal: Refusal },
    Failed { host: String, detail: String },
}

impl ResolveFailure {
    pub(crate) fn within<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        let mut current = Some(error);
        while let Some(cause) = current {
            if let Some(found) = cause.downcast_ref::<Self>() {
                return Some(found);
            }
            current = cause.source();
        }
        None
    }

    pub(crate) fn to_error(&self, asked: &Asked) -> NetError {
        match self {
            Self::Refused { host, refusal } => NetError::Refused {
                host: host.clone(),
                port: asked.port,
                refusal: refusal.clone(),
                redirected_from: asked.redirected_from.clone(),
            },
            Self::Failed { detail, .. } => {
                let from = asked.redirected_from.as_deref();
                NetError::not_sent(&asked.target, NotSentCause::Dns, detail.clone(), from)
            }
        }
    }
}

impl fmt::Display for ResolveFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { host, .. } => write!(f, "{host} has no address that may be asked"),
            Self::Failed { host, detail } => write!(f, "{host}: {detail}"),
        }
    }
}

impl StdError for ResolveFailure {}
