//! DID documents: the handle that an account claims, the server that it lives on and the key that its repository is signed with.

use serde::Deserialize;
use serde_json::Value;
use skein_atproto::proof::PublicKey;
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
    /// The key that signs the account's repository, or why there is none.
    pub signing_key: Result<PublicKey, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    id: String,
    #[serde(default)]
    also_known_as: Vec<Value>,
    #[serde(default)]
    service: Vec<Value>,
    #[serde(default)]
    verification_method: Vec<Value>,
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
        let signing_key = signing_key_of(&wire.verification_method);
        Ok(Self { did: did.clone(), handle, pds: pds_of(&wire.service), signing_key })
    }

    /// The server, or the error that says why there is none.
    pub fn require_pds(&self) -> Result<Url, IdentityError> {
        self.pds.clone().map_err(|detail| IdentityError::NoPds { did: self.did.clone(), detail })
    }

    /// The key, or the error that says why there is none.
    pub fn require_signing_key(&self) -> Result<PublicKey, IdentityError> {
        self.signing_key.clone().map_err(|detail| IdentityError::BadDocument { did: self.did.clone(), detail })
    }
}

fn text_of<'a>(entry: &'a Value, key: &str) -> Option<&'a str> {
    entry.get(key).and_then(Value::as_str)
}

/// The first method with the right id counts, even if it is unusable.
fn signing_key_of(methods: &[Value]) -> Result<PublicKey, String> {
    let method = methods
        .iter()
        .find(|method| text_of(method, "id").is_some_and(|id| id.ends_with("#atproto")))
        .ok_or("it names no key #atproto")?;
    let kind = text_of(method, "type").ok_or("its key #atproto has no type")?;
    let key = text_of(method, "publicKeyMultibase").ok_or("its key #atproto has no publicKeyMultibase")?;
    PublicKey::of_method(kind, key).map_err(|error| format!("its key #atproto cannot be used: {error}"))
}

/// The first service with the right id and type counts, even if it is unusable: that is what other software goes by.
fn pds_of(services: &[Value]) -> Result<Url, String> {
    let service = services
        .iter()
        .find(|service| {
            text_of(service, "id").is_some_and(|id| id.ends_with("#atproto_pds"))
                && text_of(service, "type") == Some("AtprotoPersonalDataServer")
        })
        .ok_or("it has no service #atproto_pds")?;
    let endpoint = text_of(service, "serviceEndpoint").ok_or("the address of its server is no text")?;
    let shown = crate::xrpc::bounded(endpoint);
    let url = Url::parse(endpoint).map_err(|error| format!("{shown}: {error}"))?;
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

    const KEY: &str = "zQ3shqwJEJyMBsBXCWyCBpUBMqxcon9oHB7mCvx4sSpMdLJwc";

    #[test]
    fn the_key_of_the_repository_is_the_first_with_its_id() {
        let of = |methods: &str| {
            let json = format!(r#"{{"id":"{}","verificationMethod":{methods}}}"#, did());
            DidDocument::parse(&did(), json.as_bytes()).unwrap().require_signing_key()
        };
        let method = |id: &str, kind: &str, key: &str| {
            format!(r#"{{"id":"{id}","type":"{kind}","controller":"{}","publicKeyMultibase":"{key}"}}"#, did())
        };
        let whole = format!("{}#atproto", did());
        let other = method("#atproto_label", "Multikey", "zDnaembgSGUhZULN2Caob4HLJPaxBh92N7rtH21TErzqf8HQo");
        let found = of(&format!("[7,{other},{}]", method(&whole, "Multikey", KEY))).unwrap();
        assert_eq!(found.as_str(), format!("did:key:{KEY}"));
        let older =
            method("#atproto", "EcdsaSecp256k1VerificationKey2019", "z25z9DTpsiYYJKGsWmSPJK2NFN8PcJtZig12K59UgW7q5t");
        assert_eq!(of(&format!("[{older}]")).unwrap(), found);
        for (methods, words) in [
            (format!("[{other}]"), "no key #atproto"),
            (format!("[{}]", method("#atproto", "Ed25519VerificationKey2020", KEY)), "must be Multikey"),
            (format!("[{}]", method("#atproto", "Multikey", "zzz")), "cannot be used"),
        ] {
            let told = of(&methods).unwrap_err().to_string();
            assert!(told.contains(words), "{told}");
        }
    }

    #[test]
    fn a_document_of_somebody_else_is_refused() {
        for json in [r#"{"id":"did:plc:other"}"#, "<html>", "[]", "{}"] {
            let error = DidDocument::parse(&did(), json.as_bytes()).unwrap_err();
            assert!(matches!(error, IdentityError::BadDocument { .. }), "{json}");
        }
    }
}
