//! Proofs: what a server signs, for whoever wants to check without trusting it.

use bytes::Bytes;
use skein_atproto::proof::PROOF_MAX_BYTES;
use skein_atproto::syntax::{Did, Nsid, RecordKey};
use skein_net::StatusCode;
use url::Url;

use crate::xrpc::{Auth, CallError, MAX_BODY_BYTES, XrpcClient};

const _: () = assert!(MAX_BODY_BYTES <= PROOF_MAX_BYTES, "an answer that is read can be read as a proof");

/// The proof of one record, asked at the repository's own server (`com.atproto.sync.getRecord`): a CAR file of at most 5 MB, for
/// [`skein_atproto::proof::Proof::read`]. Nothing in it is checked here. Where the record is not there, the proof is of that.
pub async fn get_record_proof(
    xrpc: &XrpcClient,
    pds: &Url,
    did: &Did,
    collection: &Nsid,
    rkey: &RecordKey,
) -> Result<Bytes, CallError> {
    let params = [("did", did.as_str()), ("collection", collection.as_str()), ("rkey", rkey.as_str())];
    Ok(xrpc.get(pds, "com.atproto.sync.getRecord", &params, Auth::None).await?.body)
}

/// Whether the server says that it gives no proofs at all: it does not know the method.
pub fn gives_no_proof(error: &CallError) -> bool {
    error.answer().is_some_and(|answer| match answer.response.status {
        StatusCode::NOT_IMPLEMENTED => true,
        // A path that nobody serves; a server that knows the method names what it does not find.
        StatusCode::NOT_FOUND => answer.error.is_none(),
        _ => answer.error.as_deref() == Some("MethodNotImplemented"),
    })
}
