//! The one HTTP client builder: TLS, bounds on time and size, DNS, and the guard against private addresses.
//!
//! Skein fetches addresses that came from strangers (a handle, a DID document, a link), so every request passes a guard
//! that keeps it away from the machine's own network, and every request is bounded in time, size and redirects.
//! Errors tell apart what provably never left from what may have arrived: see [`NetError`].
//!
//! Nothing is ever sent twice: no client here retries, and only `GET` and `HEAD` follow redirects.

mod address;
mod allow;
mod call;
mod config;
mod error;
mod file_body;
mod guard;
mod http;
mod names;
mod received;
mod tls;
mod transport;
mod watch;

pub use self::http::Http;
pub use allow::{AllowPrivate, AllowPrivateError, Entry};
pub use call::{Call, MAX_REDIRECTS};
pub use config::{BuildError, CONNECT_TIMEOUT_MS, Dns, DnsParseError, NetConfig};
pub use error::{NetError, NotSentCause, Refusal, UnknownCause};
pub use file_body::{FileBody, Sent};
pub use names::DNS_TIMEOUT_MS;
pub use received::{Fetched, Received};
pub use reqwest::{Method, StatusCode, header};
pub use transport::{Answer, Hop, Transport};
pub use watch::{Exchange, Label, Watcher};
