use serde::Deserialize;
use serde_json::Value;
use skein_atproto::syntax::{AtIdentifier, AtUri, Cid, Datetime, Did, Handle, Language, Nsid, RecordKey, Tid};

/// The string formats of the schema language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    AtIdentifier,
    AtUri,
    Cid,
    Datetime,
    Did,
    Handle,
    Language,
    Nsid,
    RecordKey,
    Tid,
    Uri,
}

impl Format {
    /// The name that refusals use.
    pub(crate) const fn described(self) -> &'static str {
        match self {
            Self::AtIdentifier => "AT identifier",
            Self::AtUri => "at-uri",
            Self::Cid => "CID string",
            Self::Datetime => "datetime",
            Self::Did => "DID",
            Self::Handle => "handle",
            Self::Language => "language",
            Self::Nsid => "NSID",
            Self::RecordKey => "record key",
            Self::Tid => "TID string",
            Self::Uri => "uri",
        }
    }

    pub(crate) fn accepts(self, text: &str) -> bool {
        match self {
            Self::AtIdentifier => AtIdentifier::parse(text).is_ok(),
            Self::AtUri => AtUri::parse(text).is_ok(),
            Self::Cid => Cid::parse(text).is_ok(),
            Self::Datetime => Datetime::parse(text).is_ok(),
            Self::Did => Did::parse(text).is_ok(),
            Self::Handle => Handle::parse(text).is_ok(),
            Self::Language => Language::parse(text).is_ok(),
            Self::Nsid => Nsid::parse(text).is_ok(),
            Self::RecordKey => RecordKey::parse(text).is_ok(),
            Self::Tid => Tid::parse(text).is_ok(),
            Self::Uri => is_uri(text),
        }
    }
}

/// The reference PDS takes anything that looks like `scheme:rest` without white space, so the sandbox does too.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    !scheme.is_empty()
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !rest.is_empty()
        && !rest.starts_with('/')
        && !rest.contains(char::is_whitespace)
}

/// Is this the JSON form of a link, `{"$link": CID}`?
pub(crate) fn is_cid_link(value: &Value) -> bool {
    value.as_object().is_some_and(|object| object.len() == 1)
        && value["$link"].as_str().is_some_and(|text| Cid::parse(text).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_taken_as_loosely_as_the_reference_takes_them() {
        for good in ["https://x.com", "mailto:a@b.c", "ipfs:abc", "https://x.com/a?b#c"] {
            assert!(is_uri(good), "{good}");
        }
        for bad in ["x.com", "", ":x", "https://", "https:///a", "https://a b", "ht-tp://x"] {
            assert!(!is_uri(bad), "{bad}");
        }
    }
}
