//! Accounts: one identity on one platform, and the lane in which its requests go out one after the other.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

use crate::{AccountId, Fault, WorkspaceId};

/// A network that Skein can publish to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Bluesky and every other host of the AT Protocol.
    Bluesky,
}

impl Platform {
    /// The name used in the API, the database and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bluesky => "bluesky",
        }
    }

    /// Reads the name.
    pub fn parse(given: &str) -> Option<Self> {
        (given == "bluesky").then_some(Self::Bluesky)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What writes to the same place share: lease, order and clock. Keyed by the identity, not by the account, because the
/// same DID may be connected in two workspaces.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Lane(String);

impl Lane {
    /// The lane of an identity on a platform.
    pub fn of(platform: Platform, identity: &str) -> Self {
        Self(format!("{platform}:{identity}"))
    }

    /// A lane as the store kept it.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The lane as text, `platform:identity`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The platform; `None` for one that this version does not know.
    pub fn platform(&self) -> Option<Platform> {
        self.0.split_once(':').and_then(|(platform, _)| Platform::parse(platform))
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the platform lets this account write, as far as the last answer told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    /// Nothing is known against it.
    Active,
    /// Its person has to log in again or to settle something with the platform.
    NeedsReconnect {
        /// What the platform said, and what to do.
        fault: Fault,
    },
}

/// A connected account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The account's id.
    pub id: AccountId,
    /// Who owns it.
    pub workspace: WorkspaceId,
    /// Where it lives.
    pub platform: Platform,
    /// What never changes about it: a DID on Bluesky.
    pub identity: String,
    /// What people call it: a handle. May change at any time.
    pub handle: String,
    /// The base URL of the server that keeps it.
    pub host: String,
    /// Whether it can write.
    pub standing: Standing,
    /// Stopped by a person: nothing of it goes out until it is released.
    pub held: bool,
    /// When it was first connected.
    pub connected_at: Timestamp,
}

impl Account {
    /// The lane that this account's deliveries share.
    pub fn lane(&self) -> Lane {
        Lane::of(self.platform, &self.identity)
    }

    /// Whether a name means this account: its id, its identity, or its handle in any case of its letters.
    pub fn goes_by(&self, name: &str) -> bool {
        self.id.as_str() == name || self.identity == name || self.handle.eq_ignore_ascii_case(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_knows_its_platform_also_when_it_was_stored() {
        assert_eq!(Lane::of(Platform::Bluesky, "did:plc:goose").platform(), Some(Platform::Bluesky));
        assert_eq!(Lane::stored("bluesky:did:plc:goose".to_owned()).platform(), Some(Platform::Bluesky));
        for stored in ["from_later:goose", "bluesky", ""] {
            assert_eq!(Lane::stored(stored.to_owned()).platform(), None, "{stored}");
        }
    }
}
