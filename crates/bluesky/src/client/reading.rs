//! What is public, read as nobody in particular.

use skein_atproto::syntax::{AtUri, RecordAddress};

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
        Profiles::new(inner.xrpc.allowing(&appview), appview, inner.journal.clone(), inner.now.clone())
    }

    /// How these posts fare, by their at-uris or their addresses on bsky.app, in their order; 25 in one call, one call after
    /// the other. `None` for those that nobody sees: deleted, taken down, or too new.
    ///
    /// # Errors
    /// [`ClientError::Address`] before anything is asked; otherwise those of the first call that failed.
    pub async fn counts<A: AsRef<str>>(&self, posts: &[A]) -> Result<Vec<Option<Counts>>, ClientError> {
        let uris = posts.iter().map(|post| at_uri(post.as_ref())).collect::<Result<Vec<_>, _>>()?;
        let (xrpc, appview) = self.reader().await?;
        Ok(reads::counts(&xrpc, appview, &uris).await?)
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
    /// [`ClientError::Address`] before anything is asked; otherwise those of the call. A post that is gone is none.
    pub async fn conversation(&self, post: &str, depth: u16, parent_height: u16) -> Result<ThreadNode, ClientError> {
        let uri = at_uri(post)?;
        let (xrpc, appview) = self.reader().await?;
        Ok(reads::thread(&xrpc, appview, &uri, depth, parent_height).await?)
    }

    async fn reader(&self) -> Result<(XrpcClient, &url::Url), ClientError> {
        let appview = &self.inner.environment.appview_url;
        let budget = self.inner.sessions.budget();
        budget.check_calls(&host_of(appview)).await.map_err(|error| SessionError::Call(error.into()))?;
        Ok((self.inner.xrpc.allowing(appview), appview))
    }
}

fn at_uri(post: &str) -> Result<AtUri, ClientError> {
    let RecordAddress { author, collection, rkey } = RecordAddress::parse(post).map_err(ClientError::Address)?;
    AtUri::parse(&format!("at://{author}/{collection}/{rkey}")).map_err(ClientError::Address)
}
