//! What is counted, for whom, and how much Bluesky's hosts allow (Bluesky's documentation of rate limits and the reference
//! PDS 0.5, 2026).

use skein_atproto::syntax::Did;
use url::Url;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MeterKind {
    /// Points of repository writes, for an account: create 3, update 2, delete 1.
    Writes,
    /// Uploaded blobs, for an address on the internet, so for a host here.
    Uploads,
    /// Calls of any kind, for an address on the internet, so for a host here.
    Calls,
}

/// A limit as hosts state it: so many points in a window that opens with the first call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Points, or calls.
    pub points: u64,
    /// How long a window lasts, in seconds.
    pub window_s: i64,
}

impl Limit {
    /// Points that an account may write in an hour.
    pub const WRITES_AN_HOUR: Self = Self { points: 5_000, window_s: 3_600 };
    /// The same for a day.
    pub const WRITES_A_DAY: Self = Self { points: 35_000, window_s: 86_400 };
}

/// Seconds of the window of all calls.
pub(super) const CALLS_WINDOW_S: i64 = 300;

const WRITES: &[Limit] = &[Limit::WRITES_AN_HOUR, Limit::WRITES_A_DAY];
const UPLOADS: &[Limit] = &[Limit { points: 1_000, window_s: 86_400 }];
const CALLS: &[Limit] = &[Limit { points: 3_000, window_s: CALLS_WINDOW_S }];

impl MeterKind {
    /// The name under which it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Writes => "writes",
            Self::Uploads => "uploads",
            Self::Calls => "calls",
        }
    }

    /// What Bluesky's hosts allow, unless they say otherwise.
    pub fn limits(self) -> &'static [Limit] {
        match self {
            Self::Writes => WRITES,
            Self::Uploads => UPLOADS,
            Self::Calls => CALLS,
        }
    }

    /// What is counted, in words.
    pub(super) fn unit(self) -> &'static str {
        match self {
            Self::Writes => "points",
            Self::Uploads => "uploads",
            Self::Calls => "calls",
        }
    }
}

/// What is counted, and for whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Meter {
    kind: MeterKind,
    key: String,
}

impl Meter {
    /// The write points of an account.
    pub fn writes(did: &Did) -> Self {
        Self { kind: MeterKind::Writes, key: did.as_str().to_owned() }
    }

    /// The uploads to a host, named as [`host_of`] does.
    pub fn uploads(host: &str) -> Self {
        Self { kind: MeterKind::Uploads, key: host.to_owned() }
    }

    /// The calls to a host, named as [`host_of`] does.
    pub fn calls(host: &str) -> Self {
        Self { kind: MeterKind::Calls, key: host.to_owned() }
    }

    /// Reads what a journal kept; `None` for a kind that this version does not know.
    pub fn parse(kind: &str, key: &str) -> Option<Self> {
        let kinds = [MeterKind::Writes, MeterKind::Uploads, MeterKind::Calls];
        let kind = kinds.into_iter().find(|known| known.as_str() == kind)?;
        Some(Self { kind, key: key.to_owned() })
    }

    /// What is counted.
    pub fn kind(&self) -> MeterKind {
        self.kind
    }

    /// A DID, or a host.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// Host and port of an address; the port only where it is not the usual one.
pub fn host_of(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}{port}", url.host_str().unwrap_or_default())
}

/// Whether this host is one of Bluesky's own, whose limits are known before it says anything.
pub fn is_limited_host(host: &str) -> bool {
    host == "bsky.social" || host.ends_with(".host.bsky.network")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_named_with_the_port_that_is_not_usual() {
        let host = |url: &str| host_of(&Url::parse(url).unwrap());
        assert_eq!(host("https://bsky.social/"), "bsky.social");
        assert_eq!(host("https://pds.example:443/x"), "pds.example");
        assert_eq!(host("http://localhost:2583"), "localhost:2583");
    }

    #[test]
    fn the_hosts_of_bluesky_are_known_and_no_others() {
        assert!(is_limited_host("bsky.social") && is_limited_host("amanita.us-east.host.bsky.network"));
        for other in ["pds.example", "evilbsky.social", "host.bsky.network.example", "bsky.social:8443"] {
            assert!(!is_limited_host(other), "{other}");
        }
    }

    #[test]
    fn a_meter_reads_back_as_it_was_kept() {
        let did = Did::parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz").unwrap();
        for meter in [Meter::writes(&did), Meter::uploads("a"), Meter::calls("a:1")] {
            assert_eq!(Meter::parse(meter.kind().as_str(), meter.key()), Some(meter));
        }
        assert_eq!(Meter::parse("from_later", "a"), None);
    }
}
