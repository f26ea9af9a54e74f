//! Sessions: logging in, staying logged in across processes, and calls that refresh when they must.

mod at_home;
mod authorized;
mod error;
mod login;
mod refresh;
mod token;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use skein_atproto::syntax::Did;
use skein_net::Http;
use url::Url;

pub use authorized::Authorized;
pub use error::{LoginError, SessionError};
pub use login::{LoggedIn, LoginRequest};
pub use refresh::REFRESH_LEASE_MS;

use self::at_home::AtHome;
use crate::budget::{Budget, Ceiling};
use crate::environment::Environment;
use crate::identity::Identities;
use crate::journal::{Journal, Session, Stored};
use crate::xrpc::{Auth, CallError, Retry, XrpcClient};

/// The current time, as a parameter.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// An access token that ends within this time is refreshed before it is used.
const EXPIRY_MARGIN_S: i64 = 30;

/// How long the directory is asked where an account lives before a call that is to leave soon.
const DOCUMENT_WITHIN_MS: u64 = 5_000;

/// The sessions of any number of accounts, kept in a journal that several processes may share. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    inner: Arc<Inner>,
    budget: Budget,
    work: Option<Arc<str>>,
    retry: Option<Retry>,
}

struct Inner {
    xrpc: XrpcClient,
    identities: Identities,
    journal: Arc<dyn Journal>,
    now: Now,
    at_home: AtHome,
    owner: String,
    /// Makes every refresh its own lease holder, so that two tasks of one process do not both get the lease.
    refreshes: AtomicU64,
}

impl Sessions {
    /// `owner` names this process in leases and must differ from that of every other process on the same journal.
    pub fn new(http: Http, environment: Environment, journal: Arc<dyn Journal>, now: Now, owner: String) -> Self {
        let budget = Budget::new(Arc::clone(&journal), Arc::clone(&now), &owner);
        let inner = Inner {
            xrpc: XrpcClient::new(http.clone()),
            identities: Identities::new(http, environment),
            journal,
            now,
            at_home: AtHome::default(),
            owner,
            refreshes: AtomicU64::new(0),
        };
        Self { inner: Arc::new(inner), budget, work: None, retry: None }
    }

    /// The same sessions, whose writes stay under an operator's ceiling.
    #[must_use]
    pub fn under(self, ceiling: Ceiling) -> Self {
        Self { budget: self.budget.under(ceiling), ..self }
    }

    /// The same sessions, whose calls are logged as made for this piece of work, such as a delivery.
    pub fn working_on(&self, work: &str) -> Self {
        Self { work: Some(work.into()), ..self.clone() }
    }

    /// The same sessions, whose calls are made again where that is safe. Whoever tries again by itself does not use this.
    pub fn retrying(&self, retry: Retry) -> Self {
        Self { retry: Some(retry), ..self.clone() }
    }

    /// What accounts and hosts have used of their limits. Reservations are settled, and what servers say is taken over, by
    /// the [`Recorder`](crate::calls::Recorder) that watches the HTTP client; without one only reservations count.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The account finder that these sessions use.
    pub fn identities(&self) -> &Identities {
        &self.inner.identities
    }

    /// A token that is good for at least half a minute, refreshed if need be, and the server that takes it.
    pub async fn authorized(&self, did: &Did) -> Result<Authorized, SessionError> {
        let stored = self.inner.journal.session_at_hand(did).await?;
        let stored = stored.ok_or_else(|| SessionError::NoSession { did: did.clone() })?;
        let stored = if self.ends_soon(&stored.session) { self.refresh(did, &stored).await? } else { stored };
        Ok(self.authorize(&stored))
    }

    /// Makes ready for a call that is to leave at an instant soon: the token outlasts it by the margin, and the server is the
    /// one that the account's document names now. That no server can be read from the document at the moment is no hindrance:
    /// whether the account is gone, the server that has the session says by name when it is asked.
    pub async fn make_ready(&self, did: &Did, until: Timestamp) -> Result<Authorized, SessionError> {
        let at_hand = self.inner.journal.session_at_hand(did).await?;
        let known = at_hand.filter(|stored| self.inner.at_home.is_known(did, &stored.session.pds, (self.inner.now)()));
        let stored = match known {
            Some(stored) => stored,
            None => self.at_home(did).await?,
        };
        let margin = until.duration_since((self.inner.now)()).as_secs().max(0) + EXPIRY_MARGIN_S;
        let stored =
            if ends_within(&self.inner, &stored.session, margin) { self.refresh(did, &stored).await? } else { stored };
        Ok(self.authorize(&stored))
    }

    /// The session with the server that the account's document names now, if that can be read.
    async fn at_home(&self, did: &Did) -> Result<Stored, SessionError> {
        let stored = self.stored(did).await?;
        let asked =
            tokio::time::timeout(Duration::from_millis(DOCUMENT_WITHIN_MS), self.moved(did, &stored.session.pds));
        match asked.await {
            Ok(Ok(None)) => {
                self.inner.at_home.note(did, &stored.session.pds, (self.inner.now)());
                Ok(stored)
            }
            // What somebody else has stored meanwhile may be with the old server still: it is looked at again next time.
            Ok(Ok(Some(moved))) => Ok(moved),
            Err(_) => Ok(stored),
            Ok(Err(SessionError::Identity(error))) => {
                tracing::info!(did = did.as_str(), %error, "where the account lives could not be looked up");
                Ok(stored)
            }
            Ok(Err(error)) => Err(error),
        }
    }

    /// A fresh token in place of one that the server refused as ended. Whoever refreshed first serves all others.
    pub async fn renewed(&self, refused: &Authorized) -> Result<Authorized, SessionError> {
        let stored = self.refresh_after(refused.did(), refused.version()).await?;
        Ok(self.authorize(&stored).paid_as(refused))
    }

    /// The client for reading this account's server without a token: the origin that a person named at login is trusted,
    /// whether the session is still good or not.
    pub async fn reader(&self, did: &Did) -> Result<XrpcClient, SessionError> {
        let stored = self.inner.journal.session(did).await?;
        Ok(self.client_for(stored.and_then(|stored| stored.session.service).as_ref()))
    }

    /// Makes a call as this account. If the server says that the token has ended, refreshes once and repeats the call once.
    ///
    /// `send` gets a token and makes one request with it. Only an answer that provably was not acted upon (`ExpiredToken`,
    /// `InvalidToken`, or an account that moved away) leads to the repetition, so a write is as safe here as a read.
    pub async fn call<T, F, R>(&self, did: &Did, send: F) -> Result<T, SessionError>
    where
        F: Fn(Authorized) -> R,
        R: Future<Output = Result<T, CallError>>,
    {
        let first = self.authorized(did).await?;
        let error = match send(first.clone()).await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let renewed = if error.is_named("ExpiredToken") || error.is_named("InvalidToken") {
            self.refresh_after(did, first.version()).await?
        } else if may_have_moved(&error) {
            match self.moved(did, first.pds()).await? {
                Some(stored) => stored,
                None => return Err(SessionError::of_call(did, error)),
            }
        } else {
            return Err(SessionError::of_call(did, error));
        };
        send(self.authorize(&renewed).again()).await.map_err(|error| SessionError::of_call(did, error))
    }

    /// Ends the session at the server as far as it can be reached, and forgets it here in any case.
    pub async fn log_out(&self, did: &Did) -> Result<(), SessionError> {
        if let Some(stored) = self.inner.journal.session(did).await? {
            self.inner.journal.forget_session(did).await?;
            let xrpc = self.client_for(stored.session.service.as_ref());
            if let Err(error) = wire::delete_session(&xrpc, &stored.session.pds, &stored.session.refresh_jwt).await {
                tracing::info!(did = did.as_str(), error = %error, "the server could not be told about the log-out");
            }
        }
        Ok(())
    }

    async fn stored(&self, did: &Did) -> Result<Stored, SessionError> {
        let stored = self.inner.journal.session(did).await?;
        stored.ok_or_else(|| SessionError::NoSession { did: did.clone() })
    }

    fn ends_soon(&self, session: &Session) -> bool {
        ends_within(&self.inner, session, EXPIRY_MARGIN_S)
    }

    fn authorize(&self, stored: &Stored) -> Authorized {
        let client = self.client_for(stored.session.service.as_ref());
        let client = self.retry.as_ref().map_or_else(|| client.clone(), |retry| client.retrying(retry));
        Authorized::new(&client, stored, self.budget.clone())
    }

    /// The origin that a person named at login is trusted; every other server passes the guard.
    fn client_for(&self, service: Option<&Url>) -> XrpcClient {
        let client = service.map_or_else(|| self.inner.xrpc.clone(), |service| self.inner.xrpc.allowing(service));
        match &self.work {
            Some(work) => client.working_on(work),
            None => client,
        }
    }

    fn lease_holder(&self) -> String {
        format!("{}/{}", self.inner.owner, self.inner.refreshes.fetch_add(1, Ordering::Relaxed))
    }
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").field("owner", &self.inner.owner).finish_non_exhaustive()
    }
}

fn ends_within(inner: &Inner, session: &Session, margin_s: i64) -> bool {
    let end = token::Claims::read(&session.access_jwt).expires;
    end.is_some_and(|end| end.duration_since((inner.now)()).as_secs() < margin_s)
}

/// What a server says when the account lives elsewhere by now.
fn may_have_moved(error: &CallError) -> bool {
    error.is_named("AccountNotFound") || error.is_named("AccountDeactivated")
}

/// Used by `Authorized` and by the wire calls.
fn bearer(token: &secrecy::SecretString) -> Auth<'_> {
    Auth::Bearer(token)
}
