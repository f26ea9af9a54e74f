//! What a post answers, found at its author's own server.

use skein_atproto::record::{Post, ReplyRef, StrongRef};
use skein_atproto::syntax::{AtIdentifier, AtUri, Did, RecordAddress};

use super::Client;
use super::error::ClientError;
use crate::identity::IdentityError;
use crate::repo;

impl Client {
    /// The post at this address, and the root of its thread.
    pub(super) async fn answered(&self, me: &Did, address: &RecordAddress) -> Result<ReplyRef, ClientError> {
        let RecordAddress { author, collection, rkey } = address;
        let identities = self.inner.sessions.identities();
        let author = match author {
            AtIdentifier::Did(did) => did.clone(),
            AtIdentifier::Handle(handle) => identities.resolve_handle(handle, None).await.map_err(not_found)?,
        };
        let document = identities.document(&author).await.map_err(not_found)?;
        let pds = document.require_pds().map_err(not_found)?;
        let uri = AtUri::record(&author, collection, rkey);
        let reader = self.inner.sessions.reader(me).await?;
        let gone = || ClientError::NoSuchPost { uri: uri.clone() };
        let found = repo::get_record(&reader, &pds, &author, collection, rkey).await?.ok_or_else(gone)?;
        let cid = found.hash().map_err(|_| gone())?;
        let post: Post = serde_json::from_value(found.value).map_err(|_| gone())?;
        let parent = StrongRef { uri, cid };
        Ok(ReplyRef { root: post.reply.map_or_else(|| parent.clone(), |reply| reply.root), parent })
    }
}

fn not_found(error: IdentityError) -> ClientError {
    ClientError::Identity(error)
}
