//! One file for each endpoint.

pub(crate) mod healthz;
pub(crate) mod metrics;
pub(crate) mod readyz;
