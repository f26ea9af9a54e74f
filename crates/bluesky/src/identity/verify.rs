//! The check both ways: the handle leads to the DID, and the DID's document names the handle.

use skein_atproto::syntax::{AtIdentifier, Did, Handle};
use url::Url;

use super::{Identities, IdentityError};

/// An account whose identity was checked both ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedIdentity {
    /// The account, for good.
    pub did: Did,
    /// Its handle, if it has one that leads back to it.
    pub handle: Option<Handle>,
    /// The server that holds its repository. It came out of data: requests to it go through the guard.
    pub pds: Url,
}

impl Identities {
    /// Establishes who this is and where they live.
    ///
    /// A handle must lead to a DID whose document names the same handle. A DID stands for itself; its handle is given only if
    /// it leads back to the DID. `resolver` is the server that a person named, if any.
    pub async fn verify(
        &self,
        identifier: &AtIdentifier,
        resolver: Option<&Url>,
    ) -> Result<VerifiedIdentity, IdentityError> {
        match identifier {
            AtIdentifier::Handle(handle) => {
                let did = self.resolve_handle(handle, resolver).await?;
                let document = self.document(&did).await?;
                if document.handle.as_ref() != Some(handle) {
                    return Err(IdentityError::Mismatch { handle: handle.clone(), did, claimed: document.handle });
                }
                let pds = document.require_pds()?;
                Ok(VerifiedIdentity { did, handle: Some(handle.clone()), pds })
            }
            AtIdentifier::Did(did) => {
                let document = self.document(did).await?;
                let pds = document.require_pds()?;
                let handle = match document.handle {
                    Some(handle) => {
                        let back = self.resolve_handle(&handle, resolver).await;
                        back.is_ok_and(|found| found == *did).then_some(handle)
                    }
                    None => None,
                };
                Ok(VerifiedIdentity { did: did.clone(), handle, pds })
            }
        }
    }
}
