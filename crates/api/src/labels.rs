//! Labels of the figures. Each has few values, whatever happens: what is not known by name is `other`.

use prometheus_client::encoding::EncodeLabelSet;
use skein_domain::{Delivery, Platform};

/// What stands for all that has no name here.
pub(crate) const OTHER: &str = "other";

/// A struct for each set of labels: the name of a field is that of its label.
macro_rules! labels {
    ($($(#[$says:meta])* $name:ident { $($label:ident),+ })+) => {$(
        $(#[$says])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
        pub(crate) struct $name {
            $(pub(crate) $label: &'static str,)+
        }
    )+};
}

labels! {
    /// Where something was, or was to be, published.
    Where { platform }
    /// The state in which a delivery came to rest that was not published.
    Unpublished { platform, state }
    /// A fault that a delivery met, and the state that it led to.
    Met { platform, state, code }
    /// A state of deliveries.
    In { state }
    /// A method of the ledger.
    Method { method }
    /// A limit of the platforms, as `skein limits` names it.
    Limit { limit }
    /// A pool of connections to the database.
    Pool { pool }
    /// The version of this program.
    Version { version }
}

/// The platform of a delivery.
pub(crate) fn platform_of(delivery: &Delivery) -> &'static str {
    delivery.lane.platform().map_or(OTHER, Platform::as_str)
}
