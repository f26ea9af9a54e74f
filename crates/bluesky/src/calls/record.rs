//! One row of the call log.

use std::time::Duration;

use jiff::Timestamp;
use skein_net::{Exchange, NetError, header};

use super::points::points_of;
use super::redact::{redacted_body, redacted_query};
use crate::budget::{Told, host_of};
use crate::xrpc::{RateLimit, ResponseHeaders, bounded, error_of};

/// One request that left, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// `call_…`; ids sort by the instant at which the request ended.
    pub id: String,
    /// When the request ended.
    pub at: Timestamp,
    /// The account as which it was made, by its DID; `None` where it was made as nobody.
    pub account: Option<String>,
    /// The piece of work it was made for, such as the id of a delivery.
    pub work: Option<String>,
    /// 1 for the first time that this was asked, one more for each time that it was asked again.
    pub attempt: u32,
    /// What was reserved for it of a budget, by the name of the reservation.
    pub reservation: Option<String>,
    /// False only if it is certain that no server has seen the request.
    pub was_sent: bool,
    /// `GET`, `POST` …
    pub verb: String,
    /// The NSID of an XRPC method; the path of any other request.
    pub method: String,
    /// The host and port that were really asked.
    pub host: String,
    /// Parameters of the query, or the JSON of the body, without secrets and without texts of people.
    pub input: Option<String>,
    /// Bytes of the body.
    pub request_bytes: u64,
    /// The HTTP status; `None` where there was no answer.
    pub status: Option<u16>,
    /// The name of the error, as the protocol or this program calls it.
    pub error: Option<String>,
    /// The words of the error.
    pub message: Option<String>,
    /// Bytes of the answer's body.
    pub response_bytes: Option<u64>,
    /// From the start of the request to the end of the answer.
    pub duration: Duration,
    /// What it costs of an account's write budget.
    pub points: u32,
    /// What the server says about its budget.
    pub rate_limit: Option<RateLimit>,
    /// The same, as far as it makes sense, by this machine's clock.
    pub told: Told,
}

/// A longer body is read at once, so that rows which wait hold little.
const UNREAD_MAX_BYTES: usize = 8 * 1024;

/// The JSON of a request, to be read when its row is written: many in a run take a fraction of the time that each would take on
/// its own, and none of it is taken from the call.
pub(super) struct Unread(Box<[u8]>);

impl CallRecord {
    /// The row, and what is left to be read of it with [`CallRecord::read`]. `with_input` is false where it is only for the budget.
    pub(super) fn of(exchange: &Exchange<'_>, id: String, at: Timestamp, with_input: bool) -> (Self, Option<Unread>) {
        let path = exchange.url.path();
        let nsid = path.strip_prefix("/xrpc/");
        let body = exchange.body.unwrap_or_default();
        let is_json = exchange
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
        let method = nsid.unwrap_or(path);
        let mut told = Told::default();
        let (status, error, message, response_bytes, rate_limit) = match exchange.outcome {
            Ok(fetched) => {
                let (error, message) = if fetched.status.is_success() { (None, None) } else { error_of(&fetched.body) };
                let headers = ResponseHeaders::read(&fetched.headers);
                told = Told::read(fetched.status.as_u16(), &headers, at);
                (Some(fetched.status.as_u16()), error, message, Some(fetched.body_bytes), headers.rate_limit)
            }
            Err(error) => (None, Some(error.name().to_owned()), Some(bounded(&error.to_string())), None, None),
        };
        let mut row = Self {
            id,
            at,
            account: exchange.label.account.as_deref().map(str::to_owned),
            work: exchange.label.work.as_deref().map(str::to_owned),
            attempt: exchange.label.retries.saturating_add(1),
            reservation: exchange.label.reservation.as_deref().map(str::to_owned),
            was_sent: !exchange.outcome.is_err_and(NetError::provably_not_sent),
            verb: exchange.method.to_owned(),
            method: bounded(method),
            host: host_of(exchange.url),
            // What pages and pictures of the web are asked with may open a door, under any name.
            input: nsid.filter(|_| with_input && body.is_empty()).and_then(|_| redacted_query(exchange.url)),
            request_bytes: exchange.body_bytes,
            status,
            error,
            message,
            response_bytes,
            duration: exchange.duration,
            points: nsid.map_or(0, |nsid| points_of(nsid, &[])),
            rate_limit,
            told,
        };
        let unread = (is_json && !body.is_empty()).then(|| Unread(body.into()));
        let (now, later) = if body.len() > UNREAD_MAX_BYTES { (unread, None) } else { (None, unread) };
        if let Some(unread) = now {
            row.read(&unread, with_input);
        }
        (row, later)
    }

    /// Takes in what a request's JSON says.
    pub(super) fn read(&mut self, Unread(body): &Unread, with_input: bool) {
        if with_input {
            self.input = redacted_body(&self.method, body);
        }
        // A path that is no method costs nothing, whatever its body.
        self.points = points_of(&self.method, body);
    }

    /// Whether the request failed: no answer, or one that is not a success.
    pub fn is_failed(&self) -> bool {
        !self.status.is_some_and(|status| (200..300).contains(&status))
    }
}
