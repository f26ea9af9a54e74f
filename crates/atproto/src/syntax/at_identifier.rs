use super::identifier::identifier_traits;
use super::{Did, Handle, SyntaxError};

/// Either name of an account: what `actor` and `repo` parameters accept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AtIdentifier {
    /// A domain name, which may come to mean another account.
    Handle(Handle),
    /// The lasting name.
    Did(Did),
}

identifier_traits!(AtIdentifier);

impl AtIdentifier {
    /// Reads a DID if the text begins with `did:`, else a handle.
    ///
    /// # Errors
    /// The rule of a DID or of a handle that the text broke.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        if text.starts_with("did:") { Did::parse(text).map(Self::Did) } else { Handle::parse(text).map(Self::Handle) }
    }

    /// The handle (lower case) or the DID.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Handle(handle) => handle.as_str(),
            Self::Did(did) => did.as_str(),
        }
    }

    /// The DID, if that is what this is.
    pub const fn did(&self) -> Option<&Did> {
        match self {
            Self::Did(did) => Some(did),
            Self::Handle(_) => None,
        }
    }

    /// The handle, if that is what this is.
    pub const fn handle(&self) -> Option<&Handle> {
        match self {
            Self::Handle(handle) => Some(handle),
            Self::Did(_) => None,
        }
    }
}

impl From<Did> for AtIdentifier {
    fn from(did: Did) -> Self {
        Self::Did(did)
    }
}

impl From<Handle> for AtIdentifier {
    fn from(handle: Handle) -> Self {
        Self::Handle(handle)
    }
}
