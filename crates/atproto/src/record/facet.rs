use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::syntax::Did;

/// A range of a post's text with a meaning (`app.bsky.richtext.facet`).
///
/// Written without `$type` on the facet itself, as the official app does; it would change the record's CID.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facet {
    /// Where in the text.
    pub index: ByteSlice,
    /// What it means there.
    pub features: Vec<FacetFeature>,
}

/// A range of UTF-8 bytes, its end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ByteSlice {
    /// First byte.
    pub byte_start: usize,
    /// The byte after the last one.
    pub byte_end: usize,
}

/// The meaning of a facet, written with its `$type`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "$type")]
pub enum FacetFeature {
    /// An account is mentioned.
    #[serde(rename = "app.bsky.richtext.facet#mention")]
    Mention {
        /// Whose account; never empty.
        did: Did,
    },
    /// The text links somewhere.
    #[serde(rename = "app.bsky.richtext.facet#link")]
    Link {
        /// The whole target, even where the text is shortened.
        uri: String,
    },
    /// A hashtag or a cashtag.
    #[serde(rename = "app.bsky.richtext.facet#tag")]
    Tag {
        /// Without the first `#`; a cashtag keeps its `$`.
        tag: String,
    },
    /// Read from the network and not understood here, or malformed (a mention without a DID); kept as it came.
    #[serde(untagged)]
    Other(Map<String, Value>),
}
