//! The identifiers of the AT Protocol, one per file.
//!
//! `parse` is the only way in, so a value of these types is always valid. All of them read and write as plain strings
//! (`Display`, `FromStr`, serde). The rules are those of the specification, held to its interoperability vectors.

mod at_identifier;
mod at_uri;
mod cid;
mod datetime;
mod did;
mod domain_name;
mod error;
mod handle;
mod identifier;
mod language;
mod nsid;
mod record_address;
mod record_key;
mod tid;
mod uri;

pub use at_identifier::AtIdentifier;
pub use at_uri::AtUri;
pub use cid::Cid;
pub use datetime::Datetime;
pub use did::Did;
pub use error::SyntaxError;
pub use handle::Handle;
pub use language::Language;
pub use nsid::Nsid;
pub use record_address::RecordAddress;
pub use record_key::RecordKey;
pub use tid::Tid;
pub use uri::Uri;
