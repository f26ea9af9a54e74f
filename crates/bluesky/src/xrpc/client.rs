//! The low-level client: builds URLs and headers, sends once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use skein_atproto::syntax::{Did, Nsid};
use skein_net::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use skein_net::{Call, FileBody, Http, Label, Method, NetError};
use url::Url;

use super::error::{CallError, ErrorAnswer};
use super::response::Response;
use super::retry::Retry;

/// How long a read may take, up to the last byte of its answer.
pub const READ_TIMEOUT_MS: u64 = 15_000;
/// How long a write may take, unless the caller says otherwise.
pub const WRITE_TIMEOUT_MS: u64 = 30_000;
/// The largest answer that is read.
pub const MAX_BODY_BYTES: usize = 5_000_000;

/// Who a call is made as.
#[derive(Clone, Copy, Debug)]
pub enum Auth<'a> {
    /// Nobody.
    None,
    /// The holder of this token.
    Bearer(&'a SecretString),
}

/// Sends XRPC calls: each once, unless it is told to try again what is safe to. Cheap to clone.
#[derive(Clone, Debug)]
pub struct XrpcClient {
    http: Http,
    proxy: Option<HeaderValue>,
    retry: Option<Retry>,
}

impl XrpcClient {
    /// Calls go out through this client and its guard.
    pub fn new(http: Http) -> Self {
        Self { http, proxy: None, retry: None }
    }

    /// The same client that may also ask this origin, even if it is private: for addresses that a person typed in.
    pub fn allowing(&self, base: &Url) -> Self {
        Self { http: self.http.allowing(base), ..self.clone() }
    }

    /// The same client, whose calls are logged as made by this account.
    pub fn acting_as(&self, did: &Did) -> Self {
        let label = Label { account: Some(did.as_str().into()), ..self.http.label().clone() };
        Self { http: self.http.labelled(label), ..self.clone() }
    }

    /// The same client, whose calls the server is asked to pass on to another service: `did:web:api.bsky.app#bsky_appview`.
    ///
    /// # Errors
    /// [`CallError::NotSent`] for what is no `did…#service`.
    pub fn proxied_to(&self, service: &str) -> Result<Self, CallError> {
        let is_service = service.split_once('#').is_some_and(|(did, id)| Did::parse(did).is_ok() && !id.is_empty());
        let value = HeaderValue::from_str(service).ok().filter(|_| is_service);
        match value {
            Some(value) => Ok(Self { proxy: Some(value), ..self.clone() }),
            None => Err(CallError::NotSent {
                error: NetError::BadUrl {
                    target: service.chars().take(200).collect(),
                    reason: "a service is a DID with the id of the service, such as did:web:api.bsky.app#bsky_appview"
                        .to_owned(),
                },
                call: None,
            }),
        }
    }

    /// The same client, whose calls are logged as made for this piece of work, such as a delivery.
    pub fn working_on(&self, work: &str) -> Self {
        let label = Label { work: Some(work.into()), ..self.http.label().clone() };
        Self { http: self.http.labelled(label), ..self.clone() }
    }

    /// The same client, whose calls carry what was reserved for them of a budget: the logged call settles it.
    pub(crate) fn paid_by(&self, reservation: &Arc<str>) -> Self {
        let label = Label { reservation: Some(Arc::clone(reservation)), ..self.http.label().clone() };
        Self { http: self.http.labelled(label), ..self.clone() }
    }

    /// The same client, which asks again what is safe to ask again: see [`Retry`].
    pub fn retrying(&self, retry: &Retry) -> Self {
        Self { retry: Some(retry.clone()), ..self.clone() }
    }

    /// The same client, whose calls are logged as made once more after so many.
    pub(crate) fn after(&self, retries: u32) -> Self {
        let label = Label { retries, ..self.http.label().clone() };
        Self { http: self.http.labelled(label), ..self.clone() }
    }

    /// The client underneath.
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// A query (`GET`). Reads follow redirects, without the token if the redirect leaves the origin.
    pub async fn get(
        &self,
        base: &Url,
        nsid: &str,
        params: &[(&str, &str)],
        auth: Auth<'_>,
    ) -> Result<Response, CallError> {
        let mut url = endpoint(base, nsid)?;
        if !params.is_empty() {
            url.query_pairs_mut().extend_pairs(params);
        }
        self.send(Call::get(url, Duration::from_millis(READ_TIMEOUT_MS)), auth, true).await
    }

    /// A procedure (`POST`) with exactly these bytes of JSON, within [`WRITE_TIMEOUT_MS`]. No redirect is followed.
    pub async fn post_json(&self, base: &Url, nsid: &str, body: Bytes, auth: Auth<'_>) -> Result<Response, CallError> {
        self.post(base, nsid, "application/json", body, auth, Duration::from_millis(WRITE_TIMEOUT_MS)).await
    }

    /// A procedure (`POST`) with exactly these bytes, of any media type. `timeout` covers the whole answer.
    pub async fn post(
        &self,
        base: &Url,
        nsid: &str,
        content_type: &str,
        body: Bytes,
        auth: Auth<'_>,
        timeout: Duration,
    ) -> Result<Response, CallError> {
        let url = endpoint(base, nsid)?;
        let kind = HeaderValue::from_str(content_type).map_err(|_| bad(&url, "the media type is no header value"))?;
        let call = Call::with_method(Method::POST, url, Some(body), timeout).header(CONTENT_TYPE, kind);
        self.send(call, auth, false).await
    }

    /// A procedure (`POST`) with a part of a file, read while it is sent, and parameters in the URL. Sent at most once.
    #[expect(clippy::too_many_arguments, reason = "each is one independent part of the request")]
    pub async fn post_file(
        &self,
        base: &Url,
        nsid: &str,
        params: &[(&str, &str)],
        content_type: &str,
        file: FileBody,
        auth: Auth<'_>,
        timeout: Duration,
    ) -> Result<Response, CallError> {
        let mut url = endpoint(base, nsid)?;
        url.query_pairs_mut().extend_pairs(params);
        let kind = HeaderValue::from_str(content_type).map_err(|_| bad(&url, "the media type is no header value"))?;
        self.send(Call::post_file(url, kind, file, timeout), auth, false).await
    }

    /// A procedure (`POST`) without a body.
    pub async fn post_nothing(
        &self,
        base: &Url,
        nsid: &str,
        auth: Auth<'_>,
        timeout: Duration,
    ) -> Result<Response, CallError> {
        self.send(Call::with_method(Method::POST, endpoint(base, nsid)?, None, timeout), auth, false).await
    }

    async fn send(&self, call: Call, auth: Auth<'_>, is_read: bool) -> Result<Response, CallError> {
        let mut call = call.header(ACCEPT, HeaderValue::from_static("application/json, */*;q=0.1"));
        if let Some(service) = &self.proxy {
            call = call.header(HeaderName::from_static("atproto-proxy"), service.clone());
        }
        if let Auth::Bearer(token) = auth {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
                .map_err(|_| bad(call.url(), "the stored token holds characters that no token has; log in again"))?;
            value.set_sensitive(true);
            call = call.header(AUTHORIZATION, value);
        }
        let Some(retry) = &self.retry else { return self.send_once(&call).await };
        let mut tries = retry.tries(self.http.label().retries, is_read);
        loop {
            let sent = match tries.made() {
                made if made == self.http.label().retries => self.send_once(&call).await,
                made => self.after(made).send_once(&call).await,
            };
            let error = match sent {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            if !tries.wait_after(&error).await {
                return Err(error);
            }
        }
    }

    async fn send_once(&self, call: &Call) -> Result<Response, CallError> {
        let (noted, fetched) = self.http.fetch_noted(call, MAX_BODY_BYTES).await;
        let response = match fetched {
            Ok(fetched) => Response::of(fetched, noted),
            Err(error) => return Err(CallError::of_net(error, noted)),
        };
        tracing::debug!(
            host = response.url.host_str(),
            path = response.url.path(),
            status = response.status.as_u16(),
            duration_ms = u64::try_from(response.duration.as_millis()).unwrap_or(u64::MAX),
            "call answered"
        );
        if response.status.is_success() {
            Ok(response)
        } else {
            Err(CallError::Answer(Box::new(ErrorAnswer::of(response))))
        }
    }
}

fn endpoint(base: &Url, nsid: &str) -> Result<Url, CallError> {
    let nsid = Nsid::parse(nsid).map_err(|error| bad(base, &error.to_string()))?;
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.set_path(&format!("/xrpc/{nsid}"));
    Ok(url)
}

fn bad(url: &Url, reason: &str) -> CallError {
    let target = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
    CallError::NotSent { error: NetError::BadUrl { target, reason: reason.to_owned() }, call: None }
}
