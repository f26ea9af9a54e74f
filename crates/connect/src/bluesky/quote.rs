//! What a post quotes, and whether its author lets it be quoted.
//!
//! The author says so in a record of their own: a postgate under the key of the post. It is read at the author's server, where
//! it takes effect at once and needs no login. An app view's `viewer.embeddingDisabled` is made of the same record, later, and
//! only for who is logged in there.

use skein_atproto::record::StrongRef;
use skein_atproto::syntax::{Did, Nsid};
use skein_bluesky::repo;
use skein_domain::Fault;

use super::gates::{DISABLE_RULE, POSTGATE};
use super::target::{Address, NoTarget, Role, Target};
use super::{BlueskyConnector, unreadable};

impl BlueskyConnector {
    /// Finds what is quoted, if `by` may quote it.
    pub(crate) async fn find_quote(&self, address: &Address, by: &Did) -> Result<StrongRef, NoTarget> {
        let target = self.find(address, Role::Quoted).await?;
        self.may_be_quoted(&target, by).await?;
        Ok(target.reference)
    }

    /// Makes sure that what is quoted is still there, is still what it was, and may still be quoted. Feeds, lists and starter
    /// packs are kept up by their authors and quoted for what they are then; a post is quoted for what it says.
    pub(crate) async fn still_quotable(&self, quoted: &StrongRef, by: &Did) -> Result<(), NoTarget> {
        let target = self.find_again(quoted, Role::Quoted).await?;
        if target.is_post() && target.reference.cid != quoted.cid {
            return Err(NoTarget::Missing(changed(quoted)));
        }
        self.may_be_quoted(&target, by).await
    }

    /// Everybody may quote themselves, as in the app.
    async fn may_be_quoted(&self, target: &Target, by: &Did) -> Result<(), NoTarget> {
        let Target { author, rkey, pds, .. } = target;
        if !target.is_post() || author == by {
            return Ok(());
        }
        let collection = Nsid::parse(POSTGATE).map_err(|error| NoTarget::Missing(unreadable("collection", error)))?;
        let gate = match repo::get_record(&self.xrpc, pds, author, &collection, rkey).await {
            Ok(gate) => gate,
            Err(error) if error.is_transient() => return Err(NoTarget::Unasked(Role::Quoted.unasked(&error))),
            // A server that has the post and knows no gate in whatever words: nobody else can know one either.
            Err(_) => None,
        };
        let rules = gate.as_ref().and_then(|gate| gate.value["embeddingRules"].as_array());
        let disabled = rules.is_some_and(|rules| rules.iter().any(|rule| rule["$type"] == DISABLE_RULE));
        if disabled { Err(NoTarget::Missing(not_wanted(&target.reference))) } else { Ok(()) }
    }
}

fn not_wanted(quoted: &StrongRef) -> Fault {
    Fault::content("quote_disabled", "quote", "The author of this post does not let it be quoted.")
        .given(&quoted.uri)
        .next("Answer it instead (`reply_to`), or leave the quote out.")
}

fn changed(quoted: &StrongRef) -> Fault {
    let message = "What this quotes says something else now than when this was submitted.";
    Fault::content("quote_changed", "quote", message)
        .given(&quoted.uri)
        .next("Look at it, then submit this post again if it still fits.")
}
