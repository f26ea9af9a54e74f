//! Who an account is, and where it lives: handles to DIDs, DID documents, and the check both ways.

mod dns;
mod document;
mod error;
mod fetch;
mod history;
mod resolve;
mod verify;
mod well_known;

pub use document::{DidDocument, MAX_DOCUMENT_BYTES};
pub use error::IdentityError;
pub use history::KeyPeriod;
pub use resolve::Identities;
pub use verify::VerifiedIdentity;

use skein_atproto::syntax::Did;
use skein_net::NetError;

/// What one way of resolving a handle said.
#[derive(Debug)]
enum Lookup {
    Found(Did),
    /// A definite no, and why.
    Nothing(String),
    /// Could not be asked, and why.
    Failed(String),
    /// The guard did not let us ask.
    Refused(NetError),
    /// The records contradict each other.
    Conflict(Vec<String>),
}
