//! The HTTP client: guard, redirects, and nothing that is sent twice.

use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::LOCATION;
use reqwest::{Certificate, Client, StatusCode, redirect, retry};
use tokio::time::Instant;
use url::Url;

use crate::allow::AllowPrivate;
use crate::call::{Body, Call};
use crate::config::{BuildError, Dns, NetConfig};
use crate::error::{Asked, NetError, NotSentCause, bounded, detail_of};
use crate::guard::{Reach, check, describe};
use crate::names::{Filtered, Names};
use crate::received::{Fetched, Received};
use crate::tls;
use crate::transport::{Answer, Hop, Transport};
use crate::watch::{Exchange, Label, Watcher};

/// Idle connections are dropped after this time: an old one is more likely to break under a write.
const IDLE_MS: u64 = 30_000;
/// As many as the engine has under way at one host.
const MAX_IDLE_PER_HOST: usize = 32;

/// The HTTP client. Cheap to clone; clones share connections and DNS answers.
#[derive(Clone)]
pub struct Http {
    transport: Arc<dyn Transport>,
    names: Arc<Names>,
    allow: Arc<AllowPrivate>,
    watcher: Option<Arc<dyn Watcher>>,
    label: Label,
}

/// Each is made when it is needed: it reads all certificate authorities of the system, which takes longer than most commands do
/// otherwise, but for those that only ever speak plain http. Whoever works for long says so: [`Http::ready`].
struct Clients {
    public: OnceLock<Client>,
    private: OnceLock<Client>,
    any: OnceLock<Client>,
    any_plain: OnceLock<Client>,
    names: Arc<Names>,
    config: NetConfig,
    /// Read at once, so that a mistake in the configuration shows.
    extra_authorities: Vec<Certificate>,
}

/// Whose certificates a client believes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// Those of the system's authorities and of the configured ones.
    Authorities,
    /// None: for plain http. Over TLS it reaches nobody.
    Nobody,
}

impl Clients {
    fn of(&self, reach: Reach, url: &Url) -> Result<&Client, BuildError> {
        let (later, trust) = match (reach, url.scheme()) {
            (Reach::Public, _) => (&self.public, Trust::Authorities),
            (Reach::Private, _) => (&self.private, Trust::Nobody),
            (Reach::Any, "http") => (&self.any_plain, Trust::Nobody),
            (Reach::Any, _) => (&self.any, Trust::Authorities),
        };
        self.made(later, reach, trust)
    }

    fn made<'c>(&self, later: &'c OnceLock<Client>, reach: Reach, trust: Trust) -> Result<&'c Client, BuildError> {
        if let Some(made) = later.get() {
            return Ok(made);
        }
        let made = self.make(reach, trust)?;
        Ok(later.get_or_init(|| made))
    }

    /// One client for each reach: a connection is only ever reused for requests with the same permission.
    ///
    /// Never twice, read in reqwest 0.13, hyper-util 0.1 and hyper 1:
    /// - reqwest retries by itself: by default, after an HTTP/2 `GOAWAY` or `REFUSED_STREAM` (`reqwest::retry::Builder::default`).
    ///   `retry::never()` turns that off.
    /// - hyper-util sends a request again on another connection (`retry_canceled_requests`, which reqwest leaves on) only if
    ///   hyper gave the request itself back (`TrySendError::Retryable`), and hyper does so only for a message that was still in
    ///   the queue of a connection that died, before its first byte was written (`proto/h1/dispatch.rs`, `recv_msg`; `Envelope::drop`).
    ///   Such a request was provably never sent, so this one re-send is acceptable.
    /// - Redirects are followed by [`Http::send`], for reads only, with the guard asked again at each step.
    /// - No proxy: it would resolve names itself, past the guard.
    #[expect(clippy::disallowed_methods, reason = "this is the one builder of HTTP clients")]
    fn make(&self, reach: Reach, trust: Trust) -> Result<Client, BuildError> {
        let mut builder = Client::builder()
            .dns_resolver(Filtered { names: Arc::clone(&self.names), reach })
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .referer(false)
            .user_agent(&self.config.user_agent)
            .connect_timeout(self.config.connect_timeout)
            .pool_idle_timeout(Duration::from_millis(IDLE_MS))
            .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
            .tcp_nodelay(true);
        if trust == Trust::Nobody {
            builder = builder.tls_certs_only([]);
        } else if !self.extra_authorities.is_empty() {
            builder = builder.tls_certs_merge(self.extra_authorities.iter().cloned());
        }
        builder.build().map_err(|error| BuildError::Tls { detail: detail_of(&error) })
    }
}

impl Http {
    /// Reads the system's DNS configuration, and the certificate authorities that are configured besides the system's.
    pub fn new(config: NetConfig) -> Result<Self, BuildError> {
        tls::install_provider();
        let names = Arc::new(Names::new(config.dns)?);
        let extra_authorities =
            config.extra_ca.as_deref().map(tls::extra_certificates).transpose()?.unwrap_or_default();
        let allow = Arc::new(config.allow_private.clone());
        let clients = Clients {
            public: OnceLock::new(),
            private: OnceLock::new(),
            any: OnceLock::new(),
            any_plain: OnceLock::new(),
            names: Arc::clone(&names),
            config,
            extra_authorities,
        };
        Ok(Self { transport: Arc::new(clients), names, allow, watcher: None, label: Label::default() })
    }

    /// A client whose requests are carried by this transport instead of sockets. The guard stays, and no name is looked up.
    pub fn over(transport: Arc<dyn Transport>) -> Result<Self, BuildError> {
        let names = Arc::new(Names::new(Dns::Off)?);
        Ok(Self { transport, names, allow: Arc::default(), watcher: None, label: Label::default() })
    }

    /// Makes ready what asking the public network needs: the certificate authorities of the system are read. Whoever begins to work for
    /// long learns here that there are none, and not at the first request.
    ///
    /// # Errors
    /// [`BuildError::Tls`].
    pub fn ready(&self) -> Result<(), BuildError> {
        self.transport.ready()
    }

    /// The same client that may also ask the origin (host and port) of this URL, with http as well, wherever it lives.
    ///
    /// For origins that an operator or a user typed in; never for one that came out of data.
    pub fn allowing(&self, url: &Url) -> Self {
        Self { allow: Arc::new(self.allow.and(url)), ..self.clone() }
    }

    /// The same client, every request of which is shown to this watcher.
    pub fn watched_by(&self, watcher: Arc<dyn Watcher>) -> Self {
        Self { watcher: Some(watcher), ..self.clone() }
    }

    /// The same client, whose requests are made on behalf of these.
    pub fn labelled(&self, label: Label) -> Self {
        Self { label, ..self.clone() }
    }

    /// On whose behalf requests are made.
    pub fn label(&self) -> &Label {
        &self.label
    }

    /// Whether this URL would be asked, as far as can be said without DNS. Names are checked again when they are resolved.
    pub fn check(&self, url: &Url) -> Result<(), NetError> {
        check(url, &self.allow, None).map(|_| ())
    }

    /// Sends the request and reads an answer of at most `max_body_bytes`. Any status is an answer.
    pub async fn fetch(&self, call: Call, max_body_bytes: usize) -> Result<Fetched, NetError> {
        self.fetch_noted(&call, max_body_bytes).await.1
    }

    /// The same, with the id under which the watcher noted the exchange.
    pub async fn fetch_noted(
        &self,
        call: &Call,
        max_body_bytes: usize,
    ) -> (Option<Arc<str>>, Result<Fetched, NetError>) {
        let Some(watcher) = &self.watcher else { return (None, self.fetch_unseen(call, max_body_bytes).await) };
        let started = Instant::now();
        let fetched = self.fetch_unseen(call, max_body_bytes).await;
        let exchange = Exchange::of(&self.label, call, started.elapsed(), fetched.as_ref());
        (watcher.saw(&exchange), fetched)
    }

    /// Sends the request and writes the body of its answer to a file, at most `max_body_bytes`. Any status is an answer.
    pub async fn fetch_into(&self, call: Call, file: &Path, max_body_bytes: u64) -> Result<Fetched, NetError> {
        let started = Instant::now();
        let fetched = match self.send(&call).await {
            Ok(received) => received.write_bounded(file, max_body_bytes).await,
            Err(error) => Err(error),
        };
        if let Some(watcher) = &self.watcher {
            // Nobody asks for the row of a file.
            drop(watcher.saw(&Exchange::of(&self.label, &call, started.elapsed(), fetched.as_ref())));
        }
        fetched
    }

    async fn fetch_unseen(&self, call: &Call, max_body_bytes: usize) -> Result<Fetched, NetError> {
        self.send(call).await?.read_bounded(max_body_bytes).await
    }

    /// Sends the request once and waits for the answer's head. Any status is an answer, a redirect of a write too.
    pub async fn send(&self, call: &Call) -> Result<Received, NetError> {
        let started = Instant::now();
        let deadline = started + call.timeout;
        let limit = call.max_redirects;
        let mut call = Cow::Borrowed(call);
        let mut redirected_from: Option<String> = None;
        for followed in 0..=limit {
            let left = deadline.saturating_duration_since(Instant::now());
            let response = self.send_once(&call, left, redirected_from.as_deref()).await?;
            let Some(next) = next_hop(&call, &response) else { return Ok(Received { response, started }) };
            let target = describe(&call.url);
            if followed == limit {
                return Err(NetError::TooManyRedirects { target, limit });
            }
            redirected_from = Some(target);
            call = Cow::Owned(call.into_owned().redirected_to(next));
        }
        Err(NetError::TooManyRedirects { target: describe(&call.url), limit })
    }

    /// The TXT records of a name, each with its character strings joined. No such name is an empty answer.
    pub async fn txt(&self, name: &str) -> Result<Vec<String>, NetError> {
        self.names.txt(name).await
    }

    async fn send_once(&self, call: &Call, left: Duration, from: Option<&str>) -> Result<reqwest::Response, NetError> {
        let reach = check(&call.url, &self.allow, from)?;
        let Answer(response) = self.transport.carry(Hop { call, left, reach, redirected_from: from }).await?;
        Ok(response)
    }
}

/// The real one: connections to servers.
#[async_trait]
impl Transport for Clients {
    fn ready(&self) -> Result<(), BuildError> {
        self.made(&self.public, Reach::Public, Trust::Authorities).map(drop)
    }

    async fn carry(&self, hop: Hop<'_>) -> Result<Answer, NetError> {
        let Hop { call, left, reach, redirected_from: from } = hop;
        let unmade = |error: BuildError| {
            NetError::not_sent(&describe(&call.url), NotSentCause::Connect, bounded(&error.to_string()), from)
        };
        let client = self.of(reach, &call.url).map_err(unmade)?;
        let mut request =
            client.request(call.method.clone(), call.url.clone()).headers(call.headers.clone()).timeout(left);
        if let Some(body) = &call.body {
            request = request.body(match body {
                Body::Bytes(bytes) => reqwest::Body::from(bytes.clone()),
                Body::File(file) => reqwest::Body::wrap_stream(file.stream()),
            });
        }
        let answered = request.send().await.map(Answer);
        answered.map_err(|error| {
            let asked = Asked {
                target: describe(&call.url),
                port: call.url.port_or_known_default().unwrap_or_default(),
                redirected_from: from.map(str::to_owned),
            };
            NetError::of_request(&error, &asked)
        })
    }
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").field("allow", &self.allow).finish_non_exhaustive()
    }
}

/// Where a read goes on, if this answer is a redirect that it follows.
fn next_hop(call: &Call, response: &reqwest::Response) -> Option<Url> {
    let redirects = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    if !redirects || !call.follows_redirects() {
        return None;
    }
    call.url.join(response.headers().get(LOCATION)?.to_str().ok()?).ok()
}
