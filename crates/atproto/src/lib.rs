//! The AT Protocol, pure: syntax, rich text, records and their CIDs. No I/O, no clock.
//!
//! * [`syntax`]: the identifiers of the protocol, each a type that can only hold valid text.
//! * [`record`]: the records in use, their exact DAG-CBOR bytes and the CIDs that follow from them.
//! * [`proof`]: signed proofs that a record is in a repository, checked without its server.
//! * [`richtext`]: what Bluesky's composer does to a text: facets, graphemes, newlines, short links.

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;

pub mod proof;
pub mod record;
pub mod richtext;
pub mod syntax;
