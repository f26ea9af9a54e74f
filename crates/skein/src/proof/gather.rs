//! Fetching the proofs of a published post, each checked before it is kept.

use bytes::Bytes;
use data_encoding::BASE64;
use skein_atproto::proof::{Proof, ProofError, PublicKey};
use skein_atproto::syntax::{AtIdentifier, AtUri, Did, Nsid, RecordKey};
use skein_bluesky::sync;
use skein_bluesky::xrpc::{CallError, XrpcClient};
use skein_domain::{Category, Fault, Receipt, RecordRef};
use skein_intake::PostView;
use url::Url;

use super::file::{FORMAT, ProofFile, ProvenAccount, ProvenRecord};
use crate::exit::{Exit, Failure, NOTHING_STORED, sentence};
use crate::wiring::House;

/// Asks each account's server for the proof of every record of a post that is published.
pub(crate) async fn gather(house: &House, post: &PostView) -> Result<ProofFile, Failure> {
    let mut accounts = Vec::new();
    for delivery in &post.deliveries {
        if let Some(receipt) = &delivery.receipt {
            accounts.push(of_account(house, &delivery.account, receipt).await?);
        }
    }
    Ok(ProofFile { format: FORMAT.to_owned(), post: post.id.as_str().to_owned(), made_at: house.clock.now(), accounts })
}

/// A failure to get a proof; nothing is written then.
fn failed(code: &str, category: Category, handle: &str, message: String) -> Failure {
    Failure::new(Exit::Failed, Fault::new(code, category, message).of_account(handle), NOTHING_STORED)
}

async fn of_account(house: &House, handle: &str, receipt: &Receipt) -> Result<ProvenAccount, Failure> {
    let unasked = |error: &dyn std::fmt::Display| {
        let message = format!("The proof could not be fetched. {}", sentence(&error.to_string()));
        failed("proof_unasked", Category::PlatformError, handle, message).next("Try again later.")
    };
    let did = owner(receipt).ok_or_else(|| {
        let message = "The receipt names no record by its account's DID, so nobody can be asked for its proof.";
        failed("proof_unknown", Category::SystemError, handle, message.to_owned())
    })?;
    let document = house.sessions.identities().document(&did).await.map_err(|error| unasked(&error))?;
    let pds = document.require_pds().map_err(|error| unasked(&error))?;
    let xrpc = house.sessions.reader(&did).await.map_err(|error| unasked(&error))?;
    let asked = Asked { xrpc, pds, did, handle };
    let mut answers = Vec::with_capacity(receipt.records.len());
    for record in &receipt.records {
        let place = asked.place(record)?;
        let car = asked.answer(&place).await?;
        answers.push((record, place, car));
    }
    // A server that gives no proofs may also name no key; that it gives none is what people need to know.
    let key = document.require_signing_key().map_err(|error| unasked(&error))?;
    let proofs = answers.into_iter().map(|(record, place, car)| asked.proven(record, &place, &key, &car));
    Ok(ProvenAccount {
        handle: handle.to_owned(),
        did: asked.did.as_str().to_owned(),
        key: key.as_str().to_owned(),
        receipt: receipt.clone(),
        proofs: proofs.collect::<Result<_, _>>()?,
    })
}

fn owner(receipt: &Receipt) -> Option<Did> {
    match AtUri::parse(&receipt.records.first()?.uri).ok()?.authority() {
        AtIdentifier::Did(did) => Some(did),
        AtIdentifier::Handle(_) => None,
    }
}

/// Where a record is in its repository.
struct Place {
    collection: Nsid,
    rkey: RecordKey,
}

/// Who is asked.
struct Asked<'a> {
    xrpc: XrpcClient,
    pds: Url,
    did: Did,
    handle: &'a str,
}

impl Asked<'_> {
    fn failed(&self, code: &str, category: Category, message: String) -> Failure {
        failed(code, category, self.handle, message)
    }

    fn place(&self, record: &RecordRef) -> Result<Place, Failure> {
        let place = || {
            let uri = AtUri::parse(&record.uri).ok()?;
            Some(Place { collection: uri.collection()?, rkey: uri.rkey()? })
        };
        place().ok_or_else(|| {
            let message = format!("The receipt names {}, which is not the address of a record.", record.uri);
            self.failed("proof_unknown", Category::SystemError, message)
        })
    }

    async fn answer(&self, place: &Place) -> Result<Bytes, Failure> {
        sync::get_record_proof(&self.xrpc, &self.pds, &self.did, &place.collection, &place.rkey)
            .await
            .map_err(|error| self.refused(&error))
    }

    fn refused(&self, error: &CallError) -> Failure {
        if sync::gives_no_proof(error) {
            let host = self.pds.host_str().unwrap_or_default();
            let message = format!(
                "This server gives no proof: {host} does not know com.atproto.sync.getRecord, so nothing that it says is signed."
            );
            return self
                .failed("no_proof_given", Category::PlatformRejected, message)
                .next("The receipt without `--proof` is all there is. The sandbox gives no proofs either.");
        }
        let message = format!("The proof could not be fetched. {}", sentence(&error.to_string()));
        self.failed("proof_unasked", Category::PlatformError, message).next("Try again later.")
    }

    fn proven(&self, record: &RecordRef, place: &Place, key: &PublicKey, car: &[u8]) -> Result<ProvenRecord, Failure> {
        let uri = &record.uri;
        let verified = Proof::read(car).and_then(|proof| proof.verify(&self.did, key, &place.collection, &place.rkey));
        let verified = verified.map_err(|error| match error {
            ProofError::NotInCommit { rev, .. } => {
                let message = format!(
                    "{uri} was published, and is no longer there: the repository does not have it at revision {rev}."
                );
                self.failed("record_gone", Category::PlatformRejected, message).next("It was deleted since.")
            }
            error => {
                let message = format!("The server's proof of {uri} does not hold. {}", sentence(&error.to_string()));
                self.failed("proof_refused", Category::PlatformRejected, message)
                    .next("If the account is being moved to another server, try again when that is done.")
            }
        })?;
        if verified.record.as_str() == record.cid {
            let car = BASE64.encode(car);
            return Ok(ProvenRecord { uri: uri.clone(), cid: record.cid.clone(), record: verified.value, car });
        }
        let message = format!(
            "At {uri} stands something else now ({}) than what was published ({}).",
            verified.record, record.cid
        );
        Err(self.failed("record_differs", Category::PlatformRejected, message).next("It was changed since."))
    }
}
