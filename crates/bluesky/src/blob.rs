//! Blobs: files that records refer to. An uploaded blob that no record refers to is forgotten by the server after a while.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use skein_atproto::syntax::Cid;

use crate::session::Authorized;
use crate::xrpc::CallError;

/// What the server keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blob {
    /// The hash of the bytes.
    pub cid: Cid,
    /// The media type as the server sniffed it; a record must name the same.
    pub mime_type: String,
    /// In bytes.
    pub size: u64,
}

/// Uploads these bytes with `com.atproto.repo.uploadBlob`, once. Repeating it is harmless: the same bytes are the same blob.
/// `timeout` covers the whole upload and its answer.
pub async fn upload(
    authorized: &Authorized,
    mime_type: &str,
    bytes: Bytes,
    timeout: Duration,
) -> Result<Blob, CallError> {
    let response = authorized.post("com.atproto.repo.uploadBlob", mime_type, bytes, timeout).await?;
    let Answer { blob } = response.json()?;
    Ok(blob.into())
}

impl Blob {
    /// As a record names it.
    pub fn to_json(&self) -> Value {
        json!({"$type": "blob", "ref": {"$link": self.cid.as_str()}, "mimeType": self.mime_type, "size": self.size})
    }
}

impl From<Reference> for Blob {
    fn from(reference: Reference) -> Self {
        Self { cid: reference.link.cid, mime_type: reference.mime_type, size: reference.size }
    }
}

#[derive(Deserialize)]
struct Answer {
    blob: Reference,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reference {
    #[serde(rename = "ref")]
    link: Link,
    mime_type: String,
    size: u64,
}

#[derive(Deserialize)]
struct Link {
    #[serde(rename = "$link")]
    cid: Cid,
}
