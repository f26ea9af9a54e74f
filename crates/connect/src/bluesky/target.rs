//! Somebody's record that a post refers to: its address read from what people paste, found on the server that has it.

use serde_json::Value;
use skein_atproto::record::{Post, StrongRef};
use skein_atproto::syntax::{AtIdentifier, AtUri, Did, Nsid, RecordAddress, RecordKey};
use skein_bluesky::identity::IdentityError;
use skein_bluesky::repo;
use skein_bluesky::xrpc::CallError;
use skein_domain::outcome::Obstacle;
use skein_domain::{Category, Fault};
use url::Url;

use super::BlueskyConnector;

pub(crate) const FEED: &str = "app.bsky.feed.generator";
pub(crate) const LIST: &str = "app.bsky.graph.list";
pub(crate) const STARTER_PACK: &str = "app.bsky.graph.starterpack";

/// What a post does with the record that it refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It answers it.
    Answered,
    /// It quotes it.
    Quoted,
    /// It lets those on this list answer: the rule of this place.
    Listed(usize),
}

impl Role {
    pub(crate) fn field(self) -> String {
        match self {
            Self::Answered => "reply_to".to_owned(),
            Self::Quoted => "quote".to_owned(),
            Self::Listed(place) => format!("reply_gate[{place}]"),
        }
    }

    /// The name of a fault of this field.
    fn code(self, what: &str) -> String {
        match self {
            Self::Answered => format!("reply_target_{what}"),
            Self::Quoted => format!("quote_{what}"),
            Self::Listed(_) => format!("reply_gate_list_{what}"),
        }
    }

    /// The record, in words.
    fn record(self) -> &'static str {
        match self {
            Self::Answered => "the post that this answers",
            Self::Quoted => "what this quotes",
            Self::Listed(_) => "the list of those who may answer",
        }
    }

    /// The kinds of records that it can be.
    fn takes(self) -> &'static [&'static str] {
        match self {
            Self::Answered => &[Post::NSID],
            Self::Quoted => &[Post::NSID, FEED, LIST, STARTER_PACK],
            Self::Listed(_) => &[LIST],
        }
    }

    fn content_fault(self, what: &str, message: String) -> Fault {
        Fault::content(self.code(what), self.field(), message)
    }

    fn unreadable(self, given: &str) -> Fault {
        let (message, next) = match self {
            Self::Answered => (
                "This is not the address of a post.",
                "Give an at-uri, the address of a post on bsky.app, or the id of an own post.",
            ),
            Self::Quoted => (
                "This is not the address of a post, a feed, a list or a starter pack.",
                "Give an at-uri, an address on bsky.app, or the id of an own post.",
            ),
            Self::Listed(_) => (
                "This is no rule for who may answer.",
                "Known are mentioned, followers, following, and the address of a list: at://… or on bsky.app.",
            ),
        };
        let code = match self {
            Self::Answered => "reply_to_unreadable",
            Self::Quoted => "quote_unreadable",
            Self::Listed(_) => "reply_gate_unknown",
        };
        Fault::content(code, self.field(), message).given(given).next(next)
    }

    pub(crate) fn unasked(self, error: &dyn std::fmt::Display) -> Fault {
        let record = self.record();
        let message = sentence(&format!("{record} could not be looked up: {error}."));
        Fault { field: Some(self.field()), ..Fault::new(self.code("unasked"), Category::PlatformError, message) }
            .next("Nothing is wrong with what you wrote; try again later.")
    }

    fn gone(self, shown: &str) -> Fault {
        self.content_fault("missing", sentence(&format!("{} does not exist.", self.record())))
            .given(shown)
            .next("It may have been deleted; check the address.")
    }

    pub(crate) fn no_such_record(self, shown: &str) -> Fault {
        let message = match self {
            Self::Answered => "What this answers is not a post that can be read.",
            Self::Quoted => "What this quotes is no post, feed, list or starter pack that can be read.",
            Self::Listed(_) => "What is to say who may answer is no list that can be read.",
        };
        let code = if self == Self::Answered { "no_post" } else { "unusable" };
        self.content_fault(code, message.to_owned()).given(shown)
    }

    fn of_identity(self, error: &IdentityError) -> NoTarget {
        if error.is_transient() {
            return NoTarget::Unasked(self.unasked(error));
        }
        let message = format!("The author cannot be found: {error}.");
        NoTarget::Missing(self.content_fault("unknown", message).next("Check the address."))
    }
}

/// Why a record cannot be used now.
pub(crate) enum NoTarget {
    /// It is not there, is something else, or its author does not want it.
    Missing(Fault),
    /// It could not be asked.
    Unasked(Fault),
}

impl NoTarget {
    pub(crate) fn into_fault(self) -> Fault {
        match self {
            Self::Missing(fault) | Self::Unasked(fault) => fault,
        }
    }
}

impl From<NoTarget> for Obstacle {
    fn from(error: NoTarget) -> Self {
        match error {
            NoTarget::Missing(fault) => Self::Refused(fault),
            NoTarget::Unasked(fault) => Self::Retry { at: None, fault },
        }
    }
}

/// The address of a record, as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address(RecordAddress);

impl Address {
    /// Reads `at://AUTHOR/COLLECTION/RKEY`, or the path of a page such as `https://bsky.app/profile/AUTHOR/post/RKEY`.
    pub(crate) fn parse(given: &str, role: Role) -> Result<Self, Fault> {
        let address = RecordAddress::parse(given).ok();
        let taken = address.filter(|address| role.takes().contains(&address.collection.as_str()));
        taken.map(Self).ok_or_else(|| role.unreadable(given))
    }
}

/// A record that was found.
pub(crate) struct Target {
    /// Where it is, by DID, and its content hash.
    pub(crate) reference: StrongRef,
    pub(crate) value: Value,
    pub(crate) author: Did,
    pub(crate) collection: Nsid,
    pub(crate) rkey: RecordKey,
    /// The author's own server.
    pub(crate) pds: Url,
}

impl Target {
    pub(crate) fn is_post(&self) -> bool {
        self.collection.as_str() == Post::NSID
    }

    pub(crate) fn post(&self) -> Option<Post> {
        serde_json::from_value(self.value.clone()).ok()
    }

    /// Whether it is what its collection says.
    fn is_readable(&self) -> bool {
        if self.is_post() { self.post().is_some() } else { self.value["$type"] == self.collection.as_str() }
    }
}

impl BlueskyConnector {
    /// Finds a record at its author's server.
    pub(crate) async fn find(&self, Address(address): &Address, role: Role) -> Result<Target, NoTarget> {
        let did = match &address.author {
            AtIdentifier::Did(did) => did.clone(),
            AtIdentifier::Handle(handle) => {
                self.identities.resolve_handle(handle, None).await.map_err(|error| role.of_identity(&error))?
            }
        };
        self.fetch(did, address.collection.clone(), address.rkey.clone(), role).await
    }

    /// Fetches once more what was found at submission.
    pub(crate) async fn find_again(&self, reference: &StrongRef, role: Role) -> Result<Target, NoTarget> {
        let uri = &reference.uri;
        let (AtIdentifier::Did(did), Some(collection), Some(rkey)) = (uri.authority(), uri.collection(), uri.rkey())
        else {
            return Err(NoTarget::Missing(role.gone(uri.as_str())));
        };
        self.fetch(did, collection, rkey, role).await
    }

    async fn fetch(&self, author: Did, collection: Nsid, rkey: RecordKey, role: Role) -> Result<Target, NoTarget> {
        let document = self.identities.document(&author).await.map_err(|error| role.of_identity(&error))?;
        let pds = document.require_pds().map_err(|error| role.of_identity(&error))?;
        let uri = AtUri::record(&author, &collection, &rkey);
        let found = match repo::get_record(&self.xrpc, &pds, &author, &collection, &rkey).await {
            Ok(Some(found)) => found,
            Ok(None) => return Err(NoTarget::Missing(role.gone(uri.as_str()))),
            Err(error) => return Err(of_call(&error, role, uri.as_str())),
        };
        let unusable = |uri: &AtUri| NoTarget::Missing(role.no_such_record(uri.as_str()));
        let cid = found.hash().map_err(|_| unusable(&uri))?;
        let reference = StrongRef { uri, cid };
        let target = Target { reference, value: found.value, author, collection, rkey, pds };
        if target.is_readable() { Ok(target) } else { Err(unusable(&target.reference.uri)) }
    }
}

fn of_call(error: &CallError, role: Role, shown: &str) -> NoTarget {
    if error.is_transient() {
        NoTarget::Unasked(role.unasked(error))
    } else {
        NoTarget::Missing(role.gone(shown).given(error))
    }
}

/// Words as a sentence.
fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RKEY: &str = "3ke6kg3wk2222";

    fn reads(given: &str, role: Role) -> Address {
        Address::parse(given, role).unwrap()
    }

    #[test]
    fn addresses_that_people_paste_are_read() {
        for role in [Role::Answered, Role::Quoted] {
            let uri = reads("at://did:plc:abc123/app.bsky.feed.post/3ke6kg3wk2222", role);
            assert_eq!(uri, reads("https://bsky.app/profile/did:plc:abc123/post/3ke6kg3wk2222", role));
            let local = reads("http://localhost:2583/profile/Alice.test/post/3ke6kg3wk2222/", role);
            assert_eq!(local.0.author.as_str(), "alice.test");
        }
    }

    #[test]
    fn feeds_lists_and_starter_packs_can_be_quoted_and_not_answered() {
        let kinds =
            [("profile/alice.test/feed", FEED), ("profile/alice.test/lists", LIST), ("start/alice.test", STARTER_PACK)];
        for (path, collection) in kinds {
            let web = format!("https://bsky.app/{path}/{RKEY}");
            let uri = format!("at://alice.test/{collection}/{RKEY}");
            assert_eq!(reads(&web, Role::Quoted), reads(&uri, Role::Quoted), "{web}");
            for given in [&web, &uri] {
                assert_eq!(Address::parse(given, Role::Answered).unwrap_err().code, "reply_to_unreadable");
                assert_eq!(Address::parse(given, Role::Listed(0)).is_ok(), collection == LIST, "{given}");
            }
        }
        assert!(Address::parse(&format!("https://bsky.app/starter-pack/alice.test/{RKEY}"), Role::Quoted).is_ok());
    }

    #[test]
    fn what_is_no_post_is_refused_by_name() {
        let roles = [
            (Role::Answered, "reply_to_unreadable", "reply_to"),
            (Role::Quoted, "quote_unreadable", "quote"),
            (Role::Listed(2), "reply_gate_unknown", "reply_gate[2]"),
        ];
        for given in [
            "",
            "hello",
            "https://bsky.app/profile/alice.test",
            "https://bsky.app/profile/alice.test/likes/3ke6kg3wk2222",
            "at://did:plc:abc123",
            "at://did:plc:abc123/app.bsky.feed.post",
            "at://did:plc:abc123/app.bsky.feed.like/3ke6kg3wk2222",
            "https://bsky.app/profile/not a handle/post/3ke6kg3wk2222",
            "ftp://bsky.app/profile/alice.test/post/3ke6kg3wk2222",
        ] {
            for (role, code, field) in roles {
                let fault = Address::parse(given, role).unwrap_err();
                assert_eq!((fault.code.as_str(), fault.field.as_deref()), (code, Some(field)), "{given}");
            }
        }
    }
}
