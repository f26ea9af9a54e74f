//! The records in use, their exact DAG-CBOR bytes, and the CIDs that follow from them.
//!
//! A record is JSON (`serde_json::Value`) in the protocol's data model: `{"$link": cid}` is a link, `{"$bytes": base64}`
//! is bytes, `$type: "blob"` refers to an uploaded file. The typed records serialize to exactly what is sent; to check
//! somebody else's record, hash its JSON or its bytes as they came, not a typed value made from them.

mod decode;
mod encode;
mod error;
mod facet;
mod hash;
mod post;
mod strong_ref;

pub use decode::from_dag_cbor;
pub use encode::to_dag_cbor;
pub use error::RecordError;
pub use facet::{ByteSlice, Facet, FacetFeature};
pub(crate) use hash::cid_of_cbor_hash;
pub use hash::{cid_of_blob, cid_of_blob_hash, cid_of_cbor, record_cid};
pub use post::Post;
pub use strong_ref::{ReplyRef, StrongRef};

/// Largest record that is encoded or decoded: relays drop commits with larger ones.
const RECORD_MAX_BYTES: usize = 1_048_576;

/// Deepest nesting of objects and arrays: the limit of the network's relays.
const MAX_DEPTH: usize = 32;
