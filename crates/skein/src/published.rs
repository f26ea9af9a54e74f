//! Posts as people name them to be read: an at-uri, an address on a page, or an own post.

use std::collections::HashMap;

use skein_atproto::syntax::{AtIdentifier, AtUri, Did, Handle, RecordAddress};
use skein_domain::{Category, Fault, parts_among};

use crate::exit::{Exit, Failure, sentence};
use crate::wiring::House;

const POST: &str = "app.bsky.feed.post";

impl House {
    /// Where the posts are that this names: one for an address; all parts of an own post, on each account that published it.
    pub(crate) async fn addresses(&self, given: &str) -> Result<Vec<AtUri>, Failure> {
        self.addresses_among(given, &mut HashMap::new()).await
    }

    /// The same for one of several, whose handles are each asked for once.
    pub(crate) async fn addresses_among(
        &self,
        given: &str,
        known: &mut HashMap<Handle, Did>,
    ) -> Result<Vec<AtUri>, Failure> {
        if let Ok(RecordAddress { author, collection, rkey }) = RecordAddress::parse(given) {
            if collection.as_str() != POST {
                let message = format!("This is a record of `{collection}`, and only posts can be read here.");
                let fault = Fault::content("not_a_post", "post", message).given(given);
                return Err(Failure::new(Exit::Usage, fault, ""));
            }
            // The reference app view answers 500 to posts that are named by handle.
            let did = self.did_of(author, known).await?;
            return Ok(vec![AtUri::record(&did, &collection, &rkey)]);
        }
        let view = self.intake.view(self.intake.find_post(given).await?, Vec::new()).await?;
        let receipts = view.deliveries.iter().filter_map(|delivery| delivery.receipt.as_ref());
        let parts = receipts.flat_map(|receipt| parts_among(&receipt.records));
        let uris = parts.map(|record| uri(&record.uri)).collect::<Result<Vec<_>, _>>()?;
        if uris.is_empty() {
            let status = view.status.as_str().replace('_', " ");
            let message = format!("The post {} is not published: it is {status}.", view.id);
            let fault = Fault::new("not_published", Category::UserContent, message).given(given);
            return Err(Failure::new(Exit::Failed, fault, "").next(format!("See `skein queue show {}`.", view.id)));
        }
        Ok(uris)
    }

    async fn did_of(&self, author: AtIdentifier, known: &mut HashMap<Handle, Did>) -> Result<Did, Failure> {
        let handle = match author {
            AtIdentifier::Did(did) => return Ok(did),
            AtIdentifier::Handle(handle) => handle,
        };
        if let Some(did) = known.get(&handle) {
            return Ok(did.clone());
        }
        let did = self.sessions.identities().resolve_handle(&handle, None).await.map_err(|error| {
            let category = if error.is_transient() { Category::PlatformError } else { Category::UserContent };
            let fault = Fault::new("handle_not_found", category, sentence(&error.to_string())).given(&handle);
            Failure::new(Exit::Failed, fault, "")
        })?;
        known.insert(handle, did.clone());
        Ok(did)
    }
}

fn uri(text: &str) -> Result<AtUri, Failure> {
    AtUri::parse(text).map_err(|error| Failure::system("stored_data_unreadable", sentence(&error.to_string())))
}
