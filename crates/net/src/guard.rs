//! Decides for each URL, before it is asked, from which addresses the answer may come.

use std::net::IpAddr;

use url::{Host, Url};

use crate::address::not_public;
use crate::allow::{AllowPrivate, host_of};
use crate::error::{NetError, Refusal};

/// From which addresses an answer may come. Each reach has a client of its own, so that a pooled connection to a private
/// address can only ever serve a request that was allowed there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Only the public internet.
    Public,
    /// Only private addresses: plain http where everything private is allowed.
    Private,
    /// Any address: an origin that was named.
    Any,
}

impl Reach {
    pub(crate) fn refuses(self, address: IpAddr) -> Option<Refusal> {
        match (self, not_public(address)) {
            (Self::Public, Some(kind)) => Some(Refusal::NotPublic { address, kind }),
            (Self::Private, None) => Some(Refusal::PlainHttpToPublic { address }),
            _ => None,
        }
    }
}

/// Checks scheme, host and literal address; names are checked again when they have been resolved.
pub(crate) fn check(url: &Url, allow: &AllowPrivate, redirected_from: Option<&str>) -> Result<Reach, NetError> {
    let bad = |reason: &str| NetError::BadUrl { target: describe(url), reason: reason.to_owned() };
    let plain = match url.scheme() {
        "https" => false,
        "http" => true,
        _ => return Err(bad("only http and https are supported")),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("a user name or password in a URL is not accepted"));
    }
    let host = host_of(url).ok_or_else(|| bad("it names no host"))?;
    let port = url.port_or_known_default().ok_or_else(|| bad("it names no port"))?;
    let refused = |refusal| NetError::Refused {
        host: host.clone(),
        port,
        refusal,
        redirected_from: redirected_from.map(str::to_owned),
    };
    let listed = allow.lists(&host, port);
    let reach = match (plain, listed, allow == &AllowPrivate::All) {
        (_, true, _) | (false, _, true) => Reach::Any,
        (true, false, true) => Reach::Private,
        (_, false, false) => Reach::Public,
    };
    let literal = match url.host() {
        Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        _ => None,
    };
    if let Some(refusal) = literal.and_then(|address| reach.refuses(address)) {
        return Err(refused(refusal));
    }
    if plain && reach == Reach::Public {
        return Err(refused(Refusal::PlainHttp));
    }
    Ok(reach)
}

/// The URL as errors and logs may show it: without user, password, query and fragment.
pub(crate) fn describe(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let text = format!("{}://{host}{port}{}", url.scheme(), url.path());
    text.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(url: &str, allow: &str) -> Result<Reach, String> {
        let allow = AllowPrivate::parse(allow).unwrap();
        check(&Url::parse(url).unwrap(), &allow, None).map_err(|error| error.to_string())
    }

    #[test]
    fn public_https_needs_no_permission() {
        assert_eq!(reach("https://bsky.social/xrpc", ""), Ok(Reach::Public));
        assert_eq!(reach("https://1.1.1.1:8443/", ""), Ok(Reach::Public));
    }

    #[test]
    fn literal_private_addresses_in_every_spelling_are_refused() {
        for url in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://017700000001/",
            "https://127.0.0.1./",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/latest/meta-data",
        ] {
            let error = reach(url, "").unwrap_err();
            assert!(error.contains("not one of the public internet"), "{url}: {error}");
            assert!(error.contains("SKEIN_ALLOW_PRIVATE="), "{url}: {error}");
        }
    }

    #[test]
    fn plain_http_needs_a_named_host() {
        let error = reach("http://example.com/", "").unwrap_err();
        assert!(error.contains("plain http") && error.contains("SKEIN_ALLOW_PRIVATE=example.com:80"), "{error}");
        assert_eq!(reach("http://example.com/", "example.com"), Ok(Reach::Any));
        assert_eq!(reach("http://localhost:2583/", "localhost:2583"), Ok(Reach::Any));
        assert!(reach("http://localhost:6379/", "localhost:2583").is_err());
    }

    #[test]
    fn allowing_everything_private_allows_plain_http_only_to_private_hosts() {
        assert_eq!(reach("http://pds.internal/", "*"), Ok(Reach::Private));
        assert_eq!(reach("http://10.0.0.1/", "*"), Ok(Reach::Private));
        assert!(reach("http://1.1.1.1/", "*").unwrap_err().contains("public internet"));
        assert_eq!(reach("https://10.0.0.1/", "*"), Ok(Reach::Any));
    }

    #[test]
    fn other_schemes_and_passwords_are_refused() {
        for url in ["file:///etc/passwd", "ftp://example.com/", "https://user@example.com/", "https://u:p@example.com/"]
        {
            let error = reach(url, "*").unwrap_err();
            assert!(error.contains("cannot be fetched"), "{url}: {error}");
            assert!(!error.contains("u:p"), "{error}");
        }
    }

    #[test]
    fn queries_are_not_described() {
        let url = Url::parse("https://a.example:444/p?token=x#y").unwrap();
        assert_eq!(describe(&url), "https://a.example:444/p");
    }
}
