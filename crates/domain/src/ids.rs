//! Prefixed ids: `post_01k…`. Forty-eight bits of milliseconds, then eighty random bits, in lower-case Crockford base32,
//! so that ids sort by the instant at which they were made and a prefix names what an id is for.

use data_encoding::{Encoding, Specification};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, sync::LazyLock};

use crate::ports::Entropy;

const RANDOM_BYTES: usize = 10;
const ENCODED_CHARS: usize = 26;

static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("0123456789abcdefghjkmnpqrstvwxyz");
    // The alphabet is a constant of 32 distinct symbols, which is all that a specification can be wrong about.
    spec.encoding().unwrap_or(data_encoding::BASE32HEX_NOPAD)
});

/// A text that is not an id of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not an id of the form {prefix}… (26 letters and digits after the prefix)")]
pub struct IdError {
    prefix: &'static str,
    given: String,
}

fn mint(prefix: &str, now: Timestamp, entropy: &dyn Entropy) -> String {
    let mut bytes = [0_u8; 6 + RANDOM_BYTES];
    let ms = u64::try_from(now.as_millisecond()).unwrap_or(0).to_be_bytes();
    bytes[..6].copy_from_slice(&ms[2..]);
    entropy.fill(&mut bytes[6..]);
    format!("{prefix}{}", BASE32.encode(&bytes))
}

fn check(prefix: &'static str, given: &str) -> Result<(), IdError> {
    let valid = given
        .strip_prefix(prefix)
        .is_some_and(|rest| rest.len() == ENCODED_CHARS && BASE32.decode(rest.as_bytes()).is_ok());
    if valid { Ok(()) } else { Err(IdError { prefix, given: given.chars().take(80).collect() }) }
}

macro_rules! prefixed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A fresh id.
            pub fn mint(now: Timestamp, entropy: &dyn Entropy) -> Self {
                Self(mint(Self::PREFIX, now, entropy))
            }

            /// Reads an id; a text with another prefix or length is refused.
            pub fn parse(given: &str) -> Result<Self, IdError> {
                check(Self::PREFIX, given)?;
                Ok(Self(given.to_owned()))
            }

            /// The id as text, with its prefix.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(given: &str) -> Result<Self, IdError> {
                Self::parse(given)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(given: String) -> Result<Self, IdError> {
                Self::parse(&given)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

prefixed_id!(
    /// One post: what a person wrote.
    PostId, "post_");
prefixed_id!(
    /// One connected identity on one platform.
    AccountId, "acc_");
prefixed_id!(
    /// One post on one account.
    DeliveryId, "dlv_");

/// The unit of ownership. `personal` is made at first start.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WorkspaceId(String);

impl WorkspaceId {
    /// The workspace that exists from the first start.
    pub fn personal() -> Self {
        Self("personal".to_owned())
    }

    /// Reads the name of a workspace: 1 to 40 lower-case letters, digits and hyphens.
    pub fn parse(given: &str) -> Result<Self, IdError> {
        let valid = (1..=40).contains(&given.len())
            && given.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if valid {
            Ok(Self(given.to_owned()))
        } else {
            Err(IdError { prefix: "", given: given.chars().take(80).collect() })
        }
    }

    /// The workspace's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;
    impl Entropy for Counting {
        fn fill(&self, into: &mut [u8]) {
            for (i, byte) in into.iter_mut().enumerate() {
                *byte = u8::try_from(i % 256).unwrap();
            }
        }
    }

    #[test]
    fn ids_sort_by_the_instant_they_were_made_and_read_back() {
        let early = PostId::mint(Timestamp::from_millisecond(1_700_000_000_000).unwrap(), &Counting);
        let late = PostId::mint(Timestamp::from_millisecond(1_700_000_000_001).unwrap(), &Counting);
        assert!(early < late);
        assert_eq!(PostId::parse(early.as_str()).unwrap(), early);
        assert_eq!(early.as_str().len(), "post_".len() + ENCODED_CHARS);
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let id = DeliveryId::mint(Timestamp::UNIX_EPOCH, &Counting);
        assert!(PostId::parse(id.as_str()).is_err());
        assert!(PostId::parse("post_").is_err());
        assert!(PostId::parse("post_zzzzzzzzzzzzzzzzzzzzzzzzzu").is_err());
    }
}
