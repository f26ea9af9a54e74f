//! XRPC, the protocol's HTTP calls: one request, one answer, and errors that say whether the request may have arrived.

mod client;
mod error;
mod headers;
mod response;
mod retry;

pub use client::{Auth, MAX_BODY_BYTES, READ_TIMEOUT_MS, WRITE_TIMEOUT_MS, XrpcClient};
pub use error::{CallError, ErrorAnswer};
pub use headers::{RateLimit, ResponseHeaders};
pub use response::Response;
pub use retry::{Pause, Random, Retry, RetryBounds};

pub(crate) use error::{bounded, error_of};
