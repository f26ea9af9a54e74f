//! DID documents: the handle that an account claims and the server that it lives on.

use serde::Deserialize;
use serde_json::Value;
use skein_atproto::syntax::{Did, Handle};
use url::Url;

use super::IdentityError;

/// The largest document that is read.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// What is used of a DID document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DidDocument {
    /// The account.
    pub did: Did,
    /// The handle that the document claims. On its own it proves nothing: see [`super::Identities::verify`].
    pub handle: Option<Handle>,
    /// The account's server, or why there is none.
    pub pds: Result<Url, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    id: String,
    #[serde(default)]
    also_known_as: Vec<Value>,
    #[serde(default)]
    service: Vec<Value>,
}

impl DidDocument {
    /// Reads the document of this very DID.
    pub fn parse(did: &Did, json: &[u8]) -> Result<Self, IdentityError> {
        let bad = |detail: String| IdentityError::BadDocument { did: did.clone(), detail };
        let wire: Wire = serde_json::from_slice(json).map_err(|error| bad(crate::xrpc::bounded(&error.to_string())))?;
        if wire.id != did.as_str() {
            return Err(bad(format!("it is the document of {}", crate::xrpc::bounded(&wire.id))));
        }
        let handle =
            wire.also_known_as.iter().find_map(|name| Handle::parse(name.as_str()?.strip_prefix("at://")?).ok());
        Ok(Self { did: did.clone(), handle, pds: pds_of(&wire.service) })
    }

    /// The server, or the error that says why there is none.
    pub fn require_pds(&self) -> Result<Url, IdentityError> {
        self.pds.clone().map_err(|detail| IdentityError::NoPds { did: self.did.clone(), detail })
    }
}

/// The first service with the right id and type counts, even if it is unusable: that is what other software goes by.
fn pds_of(services: &[Value]) -> Result<Url, String> {
    let text = |service: &Value, key: &str| service.get(key).and_then(Value::as_str).map(str::to_owned);
    let service = services
        .iter()
        .find(|service| {
            text(service, "id").is_some_and(|id| id.ends_with("#atproto_pds"))
                && text(service, "type").as_deref() == Some("AtprotoPersonalDataServer")
        })
        .ok_or("it has no service #atproto_pds")?;
    let endpoint = text(service, "serviceEndpoint").ok_or("the address of its server is no text")?;
    let shown = crate::xrpc::bounded(&endpoint);
    let url = Url::parse(&endpoint).map_err(|error| format!("{shown}: {error}"))?;
    let bare = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if bare { Ok(url) } else { Err(format!("{shown} is not of the form https://host")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn did() -> Did {
        Did::parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz").unwrap()
    }

    fn parse(aka: &str, service: &str) -> DidDocument {
        let json = format!(r#"{{"id":"{}","alsoKnownAs":{aka},"service":{service}}}"#, did());
        DidDocument::parse(&did(), json.as_bytes()).unwrap()
    }

    fn service(id: &str, kind: &str, endpoint: &str) -> String {
        format!(r#"{{"id":"{id}","type":"{kind}","serviceEndpoint":"{endpoint}"}}"#)
    }

    #[test]
    fn the_first_valid_name_and_the_first_right_service_count() {
        let services = format!(
            "[7,{},{},{}]",
            service("#atproto_labeler", "AtprotoLabeler", "https://labels.example"),
            service("#atproto_pds", "AtprotoPersonalDataServer", "https://one.example"),
            service("#atproto_pds", "AtprotoPersonalDataServer", "https://two.example")
        );
        let document = parse(r#"["https://a.b","at://not a handle",3,"at://Alice.Dev","at://bob.dev"]"#, &services);
        assert_eq!(document.handle.unwrap().as_str(), "alice.dev");
        assert_eq!(document.pds.unwrap().as_str(), "https://one.example/");
    }

    #[test]
    fn full_ids_are_accepted() {
        let id = format!("{}#atproto_pds", did());
        let document = parse("[]", &format!("[{}]", service(&id, "AtprotoPersonalDataServer", "https://one.example/")));
        assert_eq!(document.handle, None);
        assert_eq!(document.pds.unwrap().host_str(), Some("one.example"));
    }

    #[test]
    fn unusable_servers_are_none() {
        for endpoint in
            ["ftp://a.b", "https://a.b/path", "https://u:p@a.b", "https://a.b?x=1", "nonsense", "did:web:a.b"]
        {
            let services = format!("[{}]", service("#atproto_pds", "AtprotoPersonalDataServer", endpoint));
            let document = parse("[]", &services);
            assert!(matches!(document.require_pds(), Err(IdentityError::NoPds { .. })), "{endpoint}");
        }
        let wrong_type = format!("[{}]", service("#atproto_pds", "Other", "https://a.b"));
        assert!(parse("[]", &wrong_type).pds.is_err());
    }

    #[test]
    fn a_document_of_somebody_else_is_refused() {
        for json in [r#"{"id":"did:plc:other"}"#, "<html>", "[]", "{}"] {
            let error = DidDocument::parse(&did(), json.as_bytes()).unwrap_err();
            assert!(matches!(error, IdentityError::BadDocument { .. }), "{json}");
        }
    }
}
