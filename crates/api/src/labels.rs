//! Labels of the figures. Each has few values, whatever happens: what is not known by name is `other`.

use prometheus_client::encoding::EncodeLabelSet;
use skein_domain::{Delivery, Platform};

/// What stands for all that has no name here.
pub(crate) const OTHER: &str = "other";

/// Where something was, or was to be, published.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Where {
    pub(crate) platform: &'static str,
}

/// The state in which a delivery came to rest that was not published.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Unpublished {
    pub(crate) platform: &'static str,
    pub(crate) state: &'static str,
}

/// A fault that a delivery met, and the state that it led to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Met {
    pub(crate) platform: &'static str,
    pub(crate) state: &'static str,
    pub(crate) code: &'static str,
}

/// A state of deliveries.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct In {
    pub(crate) state: &'static str,
}

/// A method of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Method {
    pub(crate) method: &'static str,
}

/// A limit of the platforms, as `skein limits` names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Limit {
    pub(crate) limit: &'static str,
}

/// A pool of connections to the database.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Pool {
    pub(crate) pool: &'static str,
}

/// The version of this program.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Version {
    pub(crate) version: &'static str,
}

/// The platform of a delivery.
pub(crate) fn platform_of(delivery: &Delivery) -> &'static str {
    delivery.lane.platform().map_or(OTHER, Platform::as_str)
}
