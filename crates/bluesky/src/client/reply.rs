//! What a post answers or quotes, found at its author's own server.

use skein_atproto::record::{Post, ReplyRef, StrongRef};
use skein_atproto::syntax::{AtIdentifier, AtUri, Did, Nsid, RecordAddress};
use url::Url;

use super::Client;
use super::check::list_address;
use super::error::ClientError;
use super::gates::{DISABLE_RULE, POSTGATE};
use super::post::MayAnswer;
use crate::identity::IdentityError;
use crate::repo::{self, Record};
use crate::xrpc::XrpcClient;

/// A record of anybody, and the server that has it.
struct Found {
    author: Did,
    pds: Url,
    reader: XrpcClient,
    reference: StrongRef,
    record: Record,
}

impl Client {
    /// The post at this address, and the root of its thread.
    pub(super) async fn answered(&self, me: &Did, address: &RecordAddress) -> Result<ReplyRef, ClientError> {
        let Found { reference: parent, record, .. } = self.found(me, address).await?;
        let gone = || ClientError::NoSuchPost { uri: parent.uri.clone() };
        let post: Post = serde_json::from_value(record.value).map_err(|_| gone())?;
        Ok(ReplyRef { root: post.reply.map_or_else(|| parent.clone(), |reply| reply.root), parent })
    }

    /// The record at this address, if its author lets it be quoted. Everybody may quote themselves, as in the app.
    pub(super) async fn quoted(&self, me: &Did, address: &RecordAddress) -> Result<StrongRef, ClientError> {
        let Found { author, pds, reader, reference, .. } = self.found(me, address).await?;
        if address.collection.as_str() != Post::NSID || author == *me {
            return Ok(reference);
        }
        let collection = Nsid::parse(POSTGATE).map_err(ClientError::Method)?;
        let gate = match repo::get_record(&reader, &pds, &author, &collection, &address.rkey).await {
            Ok(gate) => gate,
            Err(error) if error.is_transient() => return Err(error.into()),
            // A server that has the post and knows no gate in whatever words: nobody else can know one either.
            Err(_) => None,
        };
        let rules = gate.as_ref().and_then(|gate| gate.value["embeddingRules"].as_array());
        if rules.is_some_and(|rules| rules.iter().any(|rule| rule["$type"] == DISABLE_RULE)) {
            return Err(ClientError::NotToBeQuoted { uri: reference.uri });
        }
        Ok(reference)
    }

    /// Who may answer, with lists by DID that are there: a gate with a list that is missing would shut everybody out.
    pub(super) async fn allowed(&self, me: &Did, who: &[MayAnswer]) -> Result<Vec<MayAnswer>, ClientError> {
        let mut allowed = Vec::with_capacity(who.len());
        for one in who {
            let MayAnswer::Listed(list) = one else {
                allowed.push(one.clone());
                continue;
            };
            let address = list_address(list).map_err(|error| ClientError::Post { part: 1, error })?;
            match self.found(me, &address).await {
                Ok(found) => allowed.push(MayAnswer::Listed(found.reference.uri)),
                Err(ClientError::NoSuchPost { uri }) => return Err(ClientError::NoSuchList { uri }),
                Err(error) => return Err(error),
            }
        }
        Ok(allowed)
    }

    async fn found(&self, me: &Did, address: &RecordAddress) -> Result<Found, ClientError> {
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
        let record = repo::get_record(&reader, &pds, &author, collection, rkey).await?.ok_or_else(gone)?;
        let cid = record.hash().map_err(|_| gone())?;
        Ok(Found { author, pds, reader, reference: StrongRef { uri, cid }, record })
    }
}

fn not_found(error: IdentityError) -> ClientError {
    ClientError::Identity(error)
}
