//! What a draft became for Bluesky: texts, facets with DIDs, the reply reference. All that a record needs but its time.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use skein_atproto::record::{Facet, ReplyRef};
use skein_atproto::syntax::Language;
use skein_domain::Fault;

use super::unreadable;

/// The content of a delivery, as the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) parts: Vec<PartContent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reply: Option<ReplyRef>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) langs: Vec<Language>,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PartContent {
    pub(crate) text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) facets: Vec<Facet>,
}

impl Content {
    pub(crate) fn read(stored: &Value) -> Result<Self, Fault> {
        Self::deserialize(stored).map_err(|error| unreadable("content", error))
    }

    pub(crate) fn to_value(&self) -> Result<Value, Fault> {
        serde_json::to_value(self).map_err(|error| unreadable("content", error))
    }
}
