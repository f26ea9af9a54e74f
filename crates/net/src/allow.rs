//! Which private places may be reached after all: the origins that an operator named.

use std::fmt;

use thiserror::Error;
use url::{Host, Url};

/// The longest list of allowed entries that is accepted.
const MAX_ENTRIES: usize = 64;

/// The exceptions to the guard against private addresses, and to the rule that plain http is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AllowPrivate {
    /// Nothing private is reached: the default.
    #[default]
    None,
    /// Every private address may be reached, with http or https. For a machine on which only trusted people post.
    All,
    /// Only these origins may be private.
    Listed(Vec<Entry>),
}

/// One allowed `host` or `host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    host: String,
    port: Option<u16>,
}

/// A list of allowed origins that could not be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AllowPrivateError {
    /// One of the entries is no `host` or `host:port`.
    #[error("\"{0}\" is no host or host:port; write for example localhost:2583, 10.0.0.5 or [::1]:8080")]
    BadEntry(String),
    /// The list is too long.
    #[error(
        "the list has {given} entries, at most {MAX_ENTRIES} are accepted; shorten it, or write * to allow everything"
    )]
    TooMany {
        /// How many entries were given.
        given: usize,
    },
}

impl AllowPrivate {
    /// Reads the value of `SKEIN_ALLOW_PRIVATE`: entries separated by commas or blanks, `*` for everything, nothing for nothing.
    pub fn parse(text: &str) -> Result<Self, AllowPrivateError> {
        let words: Vec<&str> = text.split([',', ' ', '\t', '\n']).filter(|word| !word.is_empty()).collect();
        if words.len() > MAX_ENTRIES {
            return Err(AllowPrivateError::TooMany { given: words.len() });
        }
        if words.contains(&"*") {
            return Ok(Self::All);
        }
        let entries: Vec<Entry> = words.into_iter().map(Entry::parse).collect::<Result<_, _>>()?;
        Ok(if entries.is_empty() { Self::None } else { Self::Listed(entries) })
    }

    /// The same exceptions plus the origin (host and port) of this URL.
    pub(crate) fn and(&self, url: &Url) -> Self {
        let Some(entry) = Entry::of(url) else { return self.clone() };
        match self {
            Self::All => Self::All,
            Self::None => Self::Listed(vec![entry]),
            Self::Listed(entries) if entries.contains(&entry) => self.clone(),
            Self::Listed(entries) => Self::Listed(entries.iter().cloned().chain([entry]).collect()),
        }
    }

    /// Whether this very host and port was named.
    pub(crate) fn lists(&self, host: &str, port: u16) -> bool {
        match self {
            Self::None | Self::All => false,
            Self::Listed(entries) => {
                entries.iter().any(|entry| entry.host == host && entry.port.is_none_or(|allowed| allowed == port))
            }
        }
    }
}

impl Entry {
    /// Reads `host` or `host:port`; an IPv6 address stands in brackets.
    pub fn parse(text: &str) -> Result<Self, AllowPrivateError> {
        let bad = || AllowPrivateError::BadEntry(text.chars().take(100).collect());
        if text.contains(['/', '@', '?', '#', '\\']) {
            return Err(bad());
        }
        // A scheme without a default port keeps `:80` visible, and http's host rules apply to the host itself.
        let port = Url::parse(&format!("skein://{text}")).map_err(|_| bad())?.port();
        let url = Url::parse(&format!("http://{text}")).map_err(|_| bad())?;
        let host = host_of(&url).ok_or_else(bad)?;
        Ok(Self { host, port })
    }

    fn of(url: &Url) -> Option<Self> {
        Some(Self { host: host_of(url)?, port: Some(url.port_or_known_default()?) })
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// The host as the guard compares it: lower case, without the final dot, an IPv6 address in brackets.
pub(crate) fn host_of(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
            (!name.is_empty()).then_some(name)
        }
        address => Some(address.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_hosts_and_ports() {
        let list = AllowPrivate::parse("localhost:2583, 10.0.0.5 [::1]:80,PDS.test.").unwrap();
        assert!(list.lists("localhost", 2583));
        assert!(!list.lists("localhost", 2584));
        assert!(list.lists("10.0.0.5", 1));
        assert!(list.lists("[::1]", 80));
        assert!(!list.lists("[::1]", 443));
        assert!(list.lists("pds.test", 443));
        assert!(!list.lists("evil.pds.test", 443));
    }

    #[test]
    fn nothing_and_everything() {
        assert_eq!(AllowPrivate::parse(" ").unwrap(), AllowPrivate::None);
        assert_eq!(AllowPrivate::parse("localhost,*").unwrap(), AllowPrivate::All);
    }

    #[test]
    fn an_entry_is_an_origin_and_nothing_more() {
        for text in ["http://localhost", "a/b", "user@host", "host:99999", "::1", "host:port"] {
            assert!(matches!(Entry::parse(text), Err(AllowPrivateError::BadEntry(_))), "{text}");
        }
        assert!(AllowPrivate::parse(&"a ".repeat(MAX_ENTRIES + 1)).is_err());
    }

    #[test]
    fn an_origin_is_added_once() {
        let url = Url::parse("http://LOCALHOST:2583/x").unwrap();
        let once = AllowPrivate::None.and(&url);
        assert!(once.lists("localhost", 2583));
        assert_eq!(once.and(&url), once);
        assert_eq!(AllowPrivate::All.and(&url), AllowPrivate::All);
    }
}
