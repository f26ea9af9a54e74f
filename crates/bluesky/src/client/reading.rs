//! What is public, read as nobody in particular.

use std::collections::HashMap;

use skein_atproto::syntax::{AtIdentifier, AtUri, Did, Handle, RecordAddress};

use super::Client;
use super::error::ClientError;
use crate::budget::host_of;
use crate::profile::Profiles;
use crate::reads::{self, Counts, FeedFilter, FeedPage, ThreadNode};
use crate::session::SessionError;
use crate::xrpc::XrpcClient;

impl Client {
    /// The profiles of anybody, remembered in this client's journal.
    ///
    /// ```no_run
    /// # async fn example(bsky: skein_bluesky::Client) -> Result<(), skein_bluesky::profile::ProfileError> {
    /// let profiles = bsky.profiles();
    /// println!("{}", profiles.get("bsky.app").await?.view["displayName"]);
    /// let fresh = profiles.refreshed("bsky.app").await?;
    /// assert!(!fresh.is_kept);
    /// # Ok(())
    /// # }
    /// ```
    pub fn profiles(&self) -> Profiles {
        let inner = &self.inner;
        let appview = inner.environment.appview_url.clone();
        let profiles = Profiles::new(inner.xrpc.allowing(&appview), appview, inner.journal.clone(), inner.now.clone());
        profiles.within(inner.sessions.budget().clone())
    }

    /// How these posts fare, by their at-uris or their addresses on bsky.app, in their order; 25 in one call, one call after
    /// the other. `None` for those that nobody sees: deleted, taken down, or too new.
    ///
    /// # Errors
    /// [`ClientError::Address`] for what is no address, [`ClientError::Lookup`] for a handle that leads nowhere; otherwise those of
    /// the first call that failed.
    pub async fn counts<A: AsRef<str>>(&self, posts: &[A]) -> Result<Vec<Option<Counts>>, ClientError> {
        let mut uris = Vec::with_capacity(posts.len());
        let mut known = HashMap::new();
        for post in posts {
            uris.push(self.at_uri(post.as_ref(), &mut known).await?);
        }
        let appview = &self.inner.environment.appview_url;
        let budget = self.inner.sessions.budget();
        Ok(reads::counts(&self.inner.xrpc.allowing(appview), appview, Some(budget), &uris).await?)
    }

    /// A page of what somebody posted, newest first, of up to 100 entries. Say the `cursor` of the page before, or nothing.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn author_feed(
        &self,
        actor: &str,
        filter: FeedFilter,
        cursor: Option<&str>,
        limit: u8,
    ) -> Result<FeedPage, ClientError> {
        let (xrpc, appview) = self.reader().await?;
        Ok(reads::author_feed(&xrpc, appview, actor, filter, cursor, limit).await?)
    }

    /// A post with its answers down to `depth`, and what it answers up to `parent_height`.
    ///
    /// # Errors
    /// As [`Client::counts`]. A post that is gone is none.
    pub async fn conversation(&self, post: &str, depth: u16, parent_height: u16) -> Result<ThreadNode, ClientError> {
        let uri = self.at_uri(post, &mut HashMap::new()).await?;
        let (xrpc, appview) = self.reader().await?;
        Ok(reads::thread(&xrpc, appview, &uri, depth, parent_height).await?)
    }

    /// By DID: the reference `AppView` answers 500 to posts that are named by handle.
    async fn at_uri(&self, post: &str, known: &mut HashMap<Handle, Did>) -> Result<AtUri, ClientError> {
        let RecordAddress { author, collection, rkey } = RecordAddress::parse(post).map_err(ClientError::Address)?;
        let handle = match author {
            AtIdentifier::Did(did) => return Ok(AtUri::record(&did, &collection, &rkey)),
            AtIdentifier::Handle(handle) => handle,
        };
        if let Some(did) = known.get(&handle) {
            return Ok(AtUri::record(did, &collection, &rkey));
        }
        let did = self.inner.sessions.identities().resolve_handle(&handle, None).await.map_err(ClientError::Lookup)?;
        let uri = AtUri::record(&did, &collection, &rkey);
        known.insert(handle, did);
        Ok(uri)
    }

    async fn reader(&self) -> Result<(XrpcClient, &url::Url), ClientError> {
        let appview = &self.inner.environment.appview_url;
        let budget = self.inner.sessions.budget();
        budget.check_calls(&host_of(appview)).await.map_err(|error| SessionError::Call(error.into()))?;
        Ok((self.inner.xrpc.allowing(appview), appview))
    }
}
