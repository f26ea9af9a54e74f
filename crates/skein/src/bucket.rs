//! Media in a bucket that speaks S3: where it is, and how it is reached.
//!
//! Requests go through the one HTTP client, so that its guard, its certificate authorities and its bounds hold for them too. They are not
//! in the call log, which is about platforms.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use http_body_util::{BodyExt as _, StreamBody};
use object_store::aws::AmazonS3Builder;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use object_store::{ClientOptions, ObjectStore, RetryConfig};
use secrecy::{ExposeSecret as _, SecretString};
use skein_domain::ports::Entropy;
use skein_net::{Call, Http, NetError, header};
use skein_store::MediaBucket;
use url::Url;

/// How long a list, or an upload of one part, may take.
const CALL_TIMEOUT_MS: u64 = 60_000;
/// How long an object may take to come.
const GET_TIMEOUT_MS: u64 = 300_000;
/// What the store does not answer is asked again so often, within this time; then it is told, and the engine tries later.
const RETRIES: usize = 2;
const RETRY_TIMEOUT_MS: u64 = 20_000;

/// A bucket, and what opens it.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What the names of all objects begin with, without slashes at the ends; empty for the whole bucket.
    pub prefix: String,
    /// Where it lives; `None` for Amazon.
    pub endpoint: Option<Url>,
    /// The region that signatures are made for.
    pub region: String,
    /// The name of the key.
    pub key_id: String,
    /// The key.
    pub secret: SecretString,
    /// What goes with a key that is valid for a while only.
    pub session_token: Option<SecretString>,
}

/// Why a bucket cannot be used, told before it is asked.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// The guard keeps requests away from there.
    #[error("AWS_ENDPOINT_URL cannot be used: {0}")]
    Endpoint(#[from] NetError),
    /// The settings make no store.
    #[error("the media store cannot be set up: {0}")]
    Settings(#[from] object_store::Error),
}

impl Bucket {
    /// As people write it.
    pub fn place(&self) -> String {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        format!("s3://{}{slash}{}", self.name, self.prefix)
    }

    /// The files in it. Asks nobody yet. Copies of videos are kept in the folder `copies` meanwhile.
    ///
    /// # Errors
    /// [`BucketError`]
    pub fn open(&self, http: &Http, copies: &Path, entropy: Arc<dyn Entropy>) -> Result<MediaBucket, BucketError> {
        let objects = self.objects(http)?;
        Ok(MediaBucket::new(objects, &self.prefix, self.place(), copies, entropy))
    }

    fn objects(&self, http: &Http) -> Result<Arc<dyn ObjectStore>, BucketError> {
        let retry = RetryConfig {
            max_retries: RETRIES,
            retry_timeout: Duration::from_millis(RETRY_TIMEOUT_MS),
            ..RetryConfig::default()
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&self.name)
            .with_region(&self.region)
            .with_access_key_id(&self.key_id)
            .with_secret_access_key(self.secret.expose_secret())
            .with_retry(retry);
        if let Some(token) = &self.session_token {
            builder = builder.with_token(token.expose_secret());
        }
        let mut http = http.clone();
        match &self.endpoint {
            Some(endpoint) => {
                // Whoever set it meant it, wherever it lives; without TLS only where that was allowed by name.
                if endpoint.scheme() == "https" {
                    http = http.allowing(endpoint);
                }
                http.check(endpoint)?;
                let address = endpoint.as_str().trim_end_matches('/');
                builder = builder.with_endpoint(address).with_allow_http(endpoint.scheme() == "http");
            }
            // A name with a dot in it does not fit Amazon's certificates.
            None => builder = builder.with_virtual_hosted_style_request(!self.name.contains('.')),
        }
        Ok(Arc::new(builder.with_http_connector(Carrier(http)).build()?))
    }
}

/// Carries what `object_store` asks for.
#[derive(Debug, Clone)]
struct Carrier(Http);

impl HttpConnector for Carrier {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Carrier {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (head, body) = request.into_parts();
        let url = Url::parse(&head.uri.to_string()).map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
        let is_object = head.method == skein_net::Method::GET && url.query().is_none();
        let timeout_ms = if is_object { GET_TIMEOUT_MS } else { CALL_TIMEOUT_MS };
        // A part is in memory already, in one piece.
        let body = body.collect().await?.to_bytes();
        let body = (!body.is_empty()).then_some(body);
        let mut call = Call::with_method(head.method, url, body, Duration::from_millis(timeout_ms));
        for (name, value) in &head.headers {
            call = call.header(name.clone(), value.clone());
        }
        // An object is counted and hashed as it was put.
        call = call.header(header::ACCEPT_ENCODING, header::HeaderValue::from_static("identity"));
        let received = self.0.send(&call).await.map_err(unanswered)?;
        let (status, headers) = (received.status(), received.headers().clone());
        let pieces = received.pieces().map_ok(http_body::Frame::data).map_err(unanswered);
        let mut response = HttpResponse::new(HttpResponseBody::new(StreamBody::new(pieces)));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// What may be asked again is told apart: everything that is asked for here may be done twice.
fn unanswered(error: NetError) -> HttpError {
    let kind = match &error {
        NetError::NotSent { .. } => HttpErrorKind::Connect,
        NetError::Unknown { .. } => HttpErrorKind::Interrupted,
        _ => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, error)
}
