//! Looking at the platform to find out what became of a write: first the head, then every record of the thread, gates last.
//!
//! The order matters. When the head is still the one of the fence, nothing has landed, and the same bytes under the same
//! fence may leave again: only one of the requests can land. When the head has moved and nothing of ours is there, our
//! request is dead; but it may have landed and been deleted by its author since, so a person is asked. Nothing is guessed.

use skein_atproto::syntax::{AtUri, Did};
use skein_bluesky::identity::IdentityError;
use skein_bluesky::repo;
use skein_bluesky::xrpc::{CallError, XrpcClient};
use skein_domain::{Account, Category, Evidence, Fault, Finding, Prepared, Proof, RecordRef};
use url::Url;

use super::publish::{Fence, did_of};
use super::{BlueskyConnector, unreadable};

const DECIDE: &str =
    "Look at the account, then say what holds: `skein queue review POST --accept | --resend | --give-up`.";

/// What is in the place of one record.
enum Place {
    Ours,
    Empty,
    Another(String),
}

impl BlueskyConnector {
    pub(crate) async fn look(&self, account: &Account, prepared: &Prepared, evidence: &Evidence) -> Finding {
        match self.try_look(account, prepared, evidence).await {
            Ok(finding) | Err(finding) => finding,
        }
    }

    async fn try_look(&self, account: &Account, prepared: &Prepared, evidence: &Evidence) -> Result<Finding, Finding> {
        let did = did_of(account).map_err(Finding::Unknowable)?;
        let fence = Fence::read(evidence).map_err(Finding::Unknowable)?;
        let pds = self.pds_of(&did).await.map_err(|error| unasked_identity(&error))?;
        let xrpc = self.sessions.reader(&did).await.map_err(|error| Finding::Inconclusive(unasked(&error)))?;
        let head = repo::latest_commit(&xrpc, &pds, &did).await.map_err(|error| unasked_call(&error))?;
        let mut another = None;
        for record in &prepared.records {
            match place_of(&xrpc, &pds, &did, record).await? {
                // Parts and gates are in one commit, so one that is there proves that all of them were.
                Place::Ours => return Ok(Finding::Found(self.proof(account, prepared))),
                Place::Another(cid) => another = another.or(Some((record, cid))),
                Place::Empty => {}
            }
        }
        Ok(match another {
            Some((record, cid)) => Finding::Different(different(record, &cid)),
            None if head.cid.to_string() == fence.head => Finding::AbsentUnfenced,
            None => Finding::Unknowable(head_moved()),
        })
    }

    /// The account may have moved to another server since the write was sent.
    async fn pds_of(&self, did: &Did) -> Result<Url, IdentityError> {
        self.identities.document(did).await?.require_pds()
    }

    fn proof(&self, account: &Account, prepared: &Prepared) -> Proof {
        Proof { records: prepared.records.clone(), commit: None, rev: None, url: self.address(account, prepared) }
    }
}

async fn place_of(xrpc: &XrpcClient, pds: &Url, did: &Did, record: &RecordRef) -> Result<Place, Finding> {
    let uri = AtUri::parse(&record.uri).map_err(|error| Finding::Unknowable(unreadable("address", error)))?;
    let (Some(collection), Some(rkey)) = (uri.collection(), uri.rkey()) else {
        return Err(Finding::Unknowable(unreadable("address", &record.uri)));
    };
    match repo::get_record(xrpc, pds, did, &collection, &rkey).await {
        Ok(None) => Ok(Place::Empty),
        Ok(Some(found)) => match found.hash() {
            Ok(cid) if cid.as_str() == record.cid => Ok(Place::Ours),
            Ok(cid) => Ok(Place::Another(cid.to_string())),
            Err(error) => Ok(Place::Another(error.to_string())),
        },
        Err(error) => Err(unasked_call(&error)),
    }
}

fn unasked_call(error: &CallError) -> Finding {
    Finding::Inconclusive(unasked(error))
}

fn unasked_identity(error: &IdentityError) -> Finding {
    Finding::Inconclusive(unasked(error))
}

fn unasked(error: &dyn std::fmt::Display) -> Fault {
    Fault::new("witness_unasked", Category::PlatformError, format!("The account's server could not be asked: {error}."))
}

fn different(record: &RecordRef, cid: &str) -> Fault {
    let message = format!("At {} stands something else ({cid}) than what was sent ({}).", record.uri, record.cid);
    Fault::new("record_differs", Category::Unknown, message).next(DECIDE)
}

fn head_moved() -> Fault {
    Fault::new(
        "head_moved_unseen",
        Category::Unknown,
        "Its request may have left, and no answer to it is known. It is not there now and can no longer land, but the \
         account was written to meanwhile: it may have been published and deleted again.",
    )
    .next(DECIDE)
}
