use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use jiff::Timestamp;
use secrecy::SecretString;
use skein_atproto::syntax::{AtIdentifier, Did};
use skein_net::{Http, NetConfig};
use url::Url;

use super::error::ClientError;
use super::{Client, Inner};
use crate::calls::Recorder;
use crate::environment::Environment;
use crate::journal::{Journal, MemoryJournal};
use crate::session::{LoginError, LoginRequest, Now, SessionError, Sessions};
use crate::xrpc::{Random, Retry, XrpcClient};

/// What a client is made of.
#[derive(Default)]
#[must_use = "a builder does nothing until it logs in"]
pub struct Builder {
    journal: Option<Arc<dyn Journal>>,
    environment: Environment,
    http: Option<Http>,
    now: Option<Now>,
    random: Option<Random>,
    owner: Option<String>,
    service: Option<Url>,
    once: bool,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// What remembers: sessions, cursors, budget and call log. Without one they last as long as the client.
    pub fn journal(self, journal: Arc<dyn Journal>) -> Self {
        Self { journal: Some(journal), ..self }
    }

    /// Another network than the public one.
    pub fn environment(self, environment: Environment) -> Self {
        Self { environment, ..self }
    }

    /// The HTTP client; without one it is made from the defaults of [`NetConfig`]. What watches it is replaced by the recorder
    /// of this client's calls.
    pub fn http(self, http: Http) -> Self {
        Self { http: Some(http), ..self }
    }

    /// The clock; the machine's without one.
    pub fn clock(self, now: Now) -> Self {
        Self { now: Some(now), ..self }
    }

    /// The randomness of pauses and names, which holds no secret.
    pub fn random(self, random: Random) -> Self {
        Self { random: Some(random), ..self }
    }

    /// The name of this process among all that share the journal; a random one without it.
    pub fn owner(self, owner: impl Into<String>) -> Self {
        Self { owner: Some(owner.into()), ..self }
    }

    /// The account's server, where the public network does not know the handle. Its origin is trusted, even if it is private:
    /// never fill it from data.
    pub fn service(self, service: Url) -> Self {
        Self { service: Some(service), ..self }
    }

    /// Every call is made once; without this, what is safe to ask again is asked up to four times within half a minute.
    pub fn without_retries(self) -> Self {
        Self { once: true, ..self }
    }

    /// The client of the account with this handle or DID. A session that the journal holds is used, and the password is not
    /// sent; only where there is none, or it has ended for good, a new one is made.
    ///
    /// # Errors
    /// Those of a login; [`ClientError::NoRuntime`] outside of a Tokio runtime.
    pub async fn login(self, identifier: &str, app_password: impl Into<SecretString>) -> Result<Client, ClientError> {
        let request =
            LoginRequest { service: self.service.clone(), ..LoginRequest::new(identifier, app_password.into()) };
        self.login_with(request).await
    }

    /// As [`Builder::login`], with what a login can say besides: to remember the app password, or the code of an email. It is
    /// said in vain where a session is kept that is good.
    ///
    /// # Errors
    /// As [`Builder::login`].
    pub async fn login_with(self, request: LoginRequest) -> Result<Client, ClientError> {
        let nobody = self.anonymous()?;
        let typed = request.identifier.trim();
        let identifier =
            AtIdentifier::parse(typed.strip_prefix('@').unwrap_or(typed)).map_err(LoginError::Identifier)?;
        let sessions = &nobody.inner.sessions;
        let did = match &identifier {
            AtIdentifier::Did(did) => did.clone(),
            AtIdentifier::Handle(_) => {
                let known = sessions.identities().verify(&identifier, request.service.as_ref()).await;
                known.map_err(LoginError::Identity)?.did
            }
        };
        let kept = match sessions.authorized(&did).await {
            Ok(_) => true,
            Err(SessionError::NoSession { .. } | SessionError::NeedsLogin { .. } | SessionError::Moved { .. }) => false,
            Err(error) => return Err(error.into()),
        };
        if !kept {
            sessions.login(request).await?;
        }
        Ok(Client { account: Some(did), ..nobody })
    }

    /// The client of an account that logged in before, from the session in the journal.
    ///
    /// # Errors
    /// [`SessionError::NoSession`] if there is none, [`SessionError::NeedsLogin`] if it has ended.
    pub async fn resume(self, did: &Did) -> Result<Client, ClientError> {
        let nobody = self.anonymous()?;
        nobody.inner.sessions.authorized(did).await?;
        Ok(Client { account: Some(did.clone()), ..nobody })
    }

    /// A client of nobody, which reads what is public.
    ///
    /// # Errors
    /// If the HTTP client cannot be made; [`ClientError::NoRuntime`] outside of a Tokio runtime.
    pub fn anonymous(self) -> Result<Client, ClientError> {
        tokio::runtime::Handle::try_current().map_err(|_| ClientError::NoRuntime)?;
        let http = match self.http {
            Some(http) => http,
            None => Http::new(NetConfig::default()).map_err(|error| ClientError::Setup(error.to_string()))?,
        };
        let journal = self.journal.unwrap_or_else(|| Arc::new(MemoryJournal::new()));
        let now = self.now.unwrap_or_else(machine_clock);
        let random = self.random.unwrap_or_else(|| Arc::new(any_number));
        let bits = random().to_be_bytes();
        let owner = self.owner.unwrap_or_else(|| format!("client-{:016x}", random()));
        let mut instance = [0; 6];
        instance.copy_from_slice(&bits[..6]);
        let recorder = Recorder::start(Arc::clone(&journal), Arc::clone(&now), instance);
        let http = http.watched_by(recorder.clone());
        let environment = self.environment;
        let sessions = Sessions::new(http.clone(), environment.clone(), Arc::clone(&journal), Arc::clone(&now), owner);
        let xrpc = XrpcClient::new(http);
        let retry = Retry::new(Arc::clone(&now), random);
        let (sessions, xrpc) =
            if self.once { (sessions, xrpc) } else { (sessions.retrying(retry.clone()), xrpc.retrying(&retry)) };
        let clock_id = u16::from_be_bytes([bits[6], bits[7]]) & 1023;
        let latest_us = AtomicU64::new(0);
        let inner = Inner { sessions, xrpc, environment, journal, recorder, now, latest_us, clock_id };
        Ok(Client { inner: Arc::new(inner), account: None, service: None })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("environment", &self.environment).finish_non_exhaustive()
    }
}

/// The default of a parameter; whoever wants another clock gives one.
#[expect(
    clippy::disallowed_methods,
    reason = "the default of the clock parameter, for programs that have no clock of their own"
)]
fn machine_clock() -> Now {
    Arc::new(Timestamp::now)
}

/// Every state of the standard library's hash maps is seeded anew.
fn any_number() -> u64 {
    RandomState::new().hash_one(0_u8)
}
