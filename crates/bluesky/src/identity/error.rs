//! Why an identity could not be established.

use skein_atproto::syntax::{Did, Handle};
use skein_net::NetError;
use thiserror::Error;

/// An identity that could not be established. Nothing was sent to the account's server.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// Nobody has this name, as far as anybody knows.
    #[error(
        "no account is known as {name} ({detail}); check the spelling; an account that is deactivated may only be found by its DID"
    )]
    NotFound {
        /// The handle or DID.
        name: String,
        /// Who was asked and what they said.
        detail: String,
    },
    /// It could not be asked at the moment.
    #[error("{name} could not be looked up at the moment ({detail}); try again later")]
    CouldNotAsk {
        /// The handle or DID.
        name: String,
        /// Who could not be asked, and why.
        detail: String,
    },
    /// The guard refused an address that the handle or DID points to.
    #[error("{name} points to an address that is not asked: {error}")]
    Refused {
        /// The handle or DID.
        name: String,
        /// What was refused, and how to allow it.
        error: NetError,
    },
    /// The handle's DNS records contradict each other.
    #[error("the DNS name _atproto.{handle} holds {count} different DIDs; leave only the right one there")]
    Conflict {
        /// The handle.
        handle: Handle,
        /// How many were found.
        count: usize,
    },
    /// The handle leads to a DID whose document does not name that handle.
    #[error(
        "{handle} leads to {did}, but that account calls itself {}; use that name, or repair the handle in the account's settings",
        claimed.as_ref().map_or("nothing", Handle::as_str)
    )]
    Mismatch {
        /// The handle that was asked for.
        handle: Handle,
        /// The DID that it leads to.
        did: Did,
        /// The handle that the DID's document names.
        claimed: Option<Handle>,
    },
    /// The document names no server, so there is nowhere to log in or to publish.
    #[error("the document of {did} names no usable server ({detail}); the account may be deleted or being moved")]
    NoPds {
        /// The account.
        did: Did,
        /// What is wrong.
        detail: String,
    },
    /// The document cannot be used.
    #[error("the document of {did} cannot be used: {detail}; ask who runs the account to repair it")]
    BadDocument {
        /// The account.
        did: Did,
        /// What is wrong.
        detail: String,
    },
    /// A kind of DID that the network does not use.
    #[error("{did} is not supported: {detail}; accounts are did:plc:… or did:web: with a bare host name")]
    UnsupportedDid {
        /// The DID.
        did: Did,
        /// What is not supported about it.
        detail: &'static str,
    },
}

impl IdentityError {
    /// Whether trying again later may go better.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::CouldNotAsk { .. })
    }
}
