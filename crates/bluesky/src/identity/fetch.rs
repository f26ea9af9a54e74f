//! DID to document: the PLC directory, or the host of a `did:web`.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use skein_atproto::syntax::{Did, Handle};
use skein_net::{Call, Http, NetError, StatusCode};
use url::Url;

use super::{DidDocument, IdentityError, MAX_DOCUMENT_BYTES};

const TIMEOUT_MS: u64 = 10_000;

/// Where the document of this DID lives.
pub(super) fn document_url(did: &Did, plc_url: &Url) -> Result<Url, IdentityError> {
    let unsupported = |detail| IdentityError::UnsupportedDid { did: did.clone(), detail };
    let id = did.method_specific_id();
    match did.method() {
        "plc" => {
            let valid = id.len() == 24 && id.bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b));
            if !valid {
                return Err(unsupported("a did:plc has 24 characters out of a to z and 2 to 7"));
            }
            let mut url = plc_url.clone();
            url.set_query(None);
            url.set_path(&format!("{}/{did}", plc_url.path().trim_end_matches('/')));
            Ok(url)
        }
        "web" if id.contains([':', '%']) => Err(unsupported("a did:web with a port or a path")),
        // A handle is a host name with at least two labels and no IP address: the same rule as is needed here.
        "web" if Handle::parse(id).is_err() => Err(unsupported("a did:web without a full host name")),
        "web" => Url::parse(&format!("https://{id}/.well-known/did.json"))
            .map_err(|_| unsupported("a did:web without a full host name")),
        _ => Err(unsupported("an unknown method")),
    }
}

/// Fetches and reads the document at this address.
pub(super) async fn fetch(http: &Http, did: &Did, url: Url) -> Result<DidDocument, IdentityError> {
    let body = body(http, did, url, MAX_DOCUMENT_BYTES, Value::is_object).await?;
    DidDocument::parse(did, &body)
}

/// Fetches what the directory, or the host of a `did:web`, says of a DID at this address; `is_answer` is how the directory's
/// own successes look.
pub(super) async fn body(
    http: &Http,
    did: &Did,
    url: Url,
    max_bytes: usize,
    is_answer: fn(&Value) -> bool,
) -> Result<Bytes, IdentityError> {
    let name = did.to_string();
    let host = url.host_str().unwrap_or_default().to_owned();
    let fetched = match http.fetch(Call::get(url, Duration::from_millis(TIMEOUT_MS)), max_bytes).await {
        Ok(fetched) => fetched,
        Err(error @ (NetError::Refused { .. } | NetError::BadUrl { .. })) => {
            return Err(IdentityError::Refused { name, error });
        }
        Err(error @ NetError::TooLarge { .. }) => {
            return Err(IdentityError::BadDocument { did: did.clone(), detail: error.to_string() });
        }
        Err(error) => return Err(IdentityError::CouldNotAsk { name, detail: error.to_string() }),
    };
    let status = fetched.status;
    let unclear = |what: String| Err(IdentityError::CouldNotAsk { name: name.clone(), detail: what });
    match status {
        _ if status.is_success() && is_from_in_between(did, &fetched.body, is_answer) => {
            unclear(format!("{host} answered with something that is no document"))
        }
        _ if status.is_success() => Ok(fetched.body),
        StatusCode::NOT_FOUND | StatusCode::GONE if !is_from_in_between(did, &fetched.body, Value::is_object) => {
            let deleted = status == StatusCode::GONE;
            let detail =
                if deleted { "the account was deleted".to_owned() } else { format!("{host} answered {status}") };
            Err(IdentityError::NotFound { name, detail })
        }
        _ => unclear(format!("{host} answered {status}")),
    }
}

/// Whether an answer comes from something that stands before the directory, and so says nothing about the account: the
/// directory itself always answers with JSON of a known form. The host of a `did:web` is any web server, and speaks for itself.
fn is_from_in_between(did: &Did, body: &[u8], is_answer: fn(&Value) -> bool) -> bool {
    did.method() == "plc" && !serde_json::from_slice::<Value>(body).is_ok_and(|body| is_answer(&body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url_of(did: &str) -> Result<String, String> {
        let plc = Url::parse("https://plc.directory").unwrap();
        document_url(&Did::parse(did).unwrap(), &plc).map(String::from).map_err(|error| error.to_string())
    }

    #[test]
    fn documents_have_addresses() {
        let plc = url_of("did:plc:ewvi7nxzyoun6zhxrhs64oiz").unwrap();
        assert_eq!(plc, "https://plc.directory/did:plc:ewvi7nxzyoun6zhxrhs64oiz");
        assert_eq!(url_of("did:web:alice.dev").unwrap(), "https://alice.dev/.well-known/did.json");
    }

    #[test]
    fn ports_paths_and_addresses_are_refused() {
        for did in [
            "did:web:alice.dev%3A8443",
            "did:web:localhost%3A2583",
            "did:web:alice.dev:users:alice",
            "did:web:localhost",
            "did:web:127.0.0.1",
            "did:web:2130706433",
            "did:web:alice.dev%2Fx",
            "did:plc:abc",
            "did:plc:EWVI7NXZYOUN6ZHXRHS64OIZ",
            "did:key:zQ3sh",
        ] {
            assert!(url_of(did).unwrap_err().contains("not supported"), "{did}");
        }
    }
}
