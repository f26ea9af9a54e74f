//! What a post answers: read from what people paste, found on the server that has it.

use skein_atproto::record::{Post, ReplyRef, StrongRef};
use skein_atproto::syntax::{AtIdentifier, AtUri, Did, RecordKey};
use skein_bluesky::identity::IdentityError;
use skein_bluesky::repo;
use skein_bluesky::xrpc::CallError;
use skein_domain::{Category, Fault};

use super::BlueskyConnector;

/// The address of a post, as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReplyTarget {
    author: AtIdentifier,
    rkey: RecordKey,
}

/// Why the target of a reply cannot be used now.
pub(crate) enum NoTarget {
    /// It is not there, or not readable as a post.
    Missing(Fault),
    /// It could not be asked.
    Unasked(Fault),
}

impl ReplyTarget {
    /// Reads `at://AUTHOR/app.bsky.feed.post/RKEY` or `https://bsky.app/profile/AUTHOR/post/RKEY`.
    pub(crate) fn parse(given: &str) -> Result<Self, Fault> {
        Self::from_uri(given).or_else(|| Self::from_web(given)).ok_or_else(|| {
            Fault::content("reply_to_unreadable", "reply_to", "This is not the address of a post.")
                .given(given)
                .next("Give an at-uri, the address of a post on bsky.app, or the id of an own post.")
        })
    }

    fn from_uri(given: &str) -> Option<Self> {
        let uri = AtUri::parse(given).ok()?;
        let is_post = uri.collection().is_some_and(|collection| collection.as_str() == Post::NSID);
        is_post.then(|| uri.rkey().map(|rkey| Self { author: uri.authority(), rkey })).flatten()
    }

    /// Any host is taken, since the sandbox and other apps use the same paths; only the path is read, nothing is fetched.
    fn from_web(given: &str) -> Option<Self> {
        let url = url::Url::parse(given).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let segments: Vec<_> = url.path_segments()?.filter(|segment| !segment.is_empty()).collect();
        let ["profile", author, "post", rkey] = segments.as_slice() else { return None };
        Some(Self { author: AtIdentifier::parse(author).ok()?, rkey: RecordKey::parse(rkey).ok()? })
    }
}

impl BlueskyConnector {
    /// Finds the post that is answered, and the root of its thread.
    pub(crate) async fn find_reply(&self, target: &ReplyTarget) -> Result<ReplyRef, NoTarget> {
        let did = match &target.author {
            AtIdentifier::Did(did) => did.clone(),
            AtIdentifier::Handle(handle) => {
                self.identities.resolve_handle(handle, None).await.map_err(|error| of_identity(&error))?
            }
        };
        let (parent, record) = self.fetch_post(&did, &target.rkey).await?;
        let root = record.reply.map_or_else(|| parent.clone(), |reply| reply.root);
        Ok(ReplyRef { root, parent })
    }

    /// Makes sure that what is answered is still there.
    pub(crate) async fn still_there(&self, parent: &StrongRef) -> Result<(), NoTarget> {
        let (AtIdentifier::Did(did), Some(rkey)) = (parent.uri.authority(), parent.uri.rkey()) else {
            return Err(NoTarget::Missing(gone(parent.uri.as_str())));
        };
        self.fetch_post(&did, &rkey).await.map(|_| ())
    }

    async fn fetch_post(&self, did: &Did, rkey: &RecordKey) -> Result<(StrongRef, Post), NoTarget> {
        let document = self.identities.document(did).await.map_err(|error| of_identity(&error))?;
        let pds = document.require_pds().map_err(|error| of_identity(&error))?;
        let collection = super::prepare::post_collection().map_err(NoTarget::Missing)?;
        let shown = format!("at://{did}/{collection}/{rkey}");
        match repo::get_record(&self.xrpc, &pds, did, &collection, rkey).await {
            Ok(Some(found)) => {
                let cid = found.hash().map_err(|_| NoTarget::Missing(no_post(&shown)))?;
                let post = serde_json::from_value(found.value).map_err(|_| NoTarget::Missing(no_post(&shown)))?;
                Ok((StrongRef { uri: found.uri, cid }, post))
            }
            Ok(None) => Err(NoTarget::Missing(gone(&shown))),
            Err(error) => Err(of_call(&error, &shown)),
        }
    }
}

fn of_identity(error: &IdentityError) -> NoTarget {
    if error.is_transient() {
        return NoTarget::Unasked(unasked(error));
    }
    let fault = Fault::content("reply_target_unknown", "reply_to", format!("The author cannot be found: {error}."));
    NoTarget::Missing(fault.next("Check the address."))
}

fn of_call(error: &CallError, shown: &str) -> NoTarget {
    if error.is_transient() { NoTarget::Unasked(unasked(error)) } else { NoTarget::Missing(gone(shown).given(error)) }
}

fn unasked(error: &dyn std::fmt::Display) -> Fault {
    let message = format!("The post that this answers could not be looked up: {error}.");
    Fault { field: Some("reply_to".to_owned()), ..Fault::new("reply_target_unasked", Category::PlatformError, message) }
        .next("Nothing is wrong with what you wrote; try again later.")
}

fn gone(shown: &str) -> Fault {
    Fault::content("reply_target_missing", "reply_to", "The post that this answers does not exist.")
        .given(shown)
        .next("It may have been deleted; check the address.")
}

fn no_post(shown: &str) -> Fault {
    Fault::content("reply_target_no_post", "reply_to", "What this answers is not a post that can be read.").given(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_people_paste_are_read() {
        let uri = ReplyTarget::parse("at://did:plc:abc123/app.bsky.feed.post/3ke6kg3wk2222").unwrap();
        let web = ReplyTarget::parse("https://bsky.app/profile/did:plc:abc123/post/3ke6kg3wk2222").unwrap();
        assert_eq!(uri, web);
        let local = ReplyTarget::parse("http://localhost:2583/profile/Alice.test/post/3ke6kg3wk2222/").unwrap();
        assert_eq!(local.author.as_str(), "alice.test");
    }

    #[test]
    fn what_is_no_post_is_refused_by_name() {
        for given in [
            "",
            "hello",
            "https://bsky.app/profile/alice.test",
            "https://bsky.app/profile/alice.test/lists/3ke6kg3wk2222",
            "at://did:plc:abc123",
            "at://did:plc:abc123/app.bsky.feed.like/3ke6kg3wk2222",
            "https://bsky.app/profile/not a handle/post/3ke6kg3wk2222",
            "ftp://bsky.app/profile/alice.test/post/3ke6kg3wk2222",
        ] {
            let fault = ReplyTarget::parse(given).unwrap_err();
            assert_eq!(
                (fault.code.as_str(), fault.field.as_deref()),
                ("reply_to_unreadable", Some("reply_to")),
                "{given}"
            );
        }
    }
}
