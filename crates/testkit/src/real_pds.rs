//! The reference PDS and a PLC directory, as processes on loopback.
//!
//! Boots in 2 to 3 seconds and takes 250 MB, so `.config/nextest.toml` lets only two tests with `real_pds` in their name
//! run at once: put it in the name of every test that starts one.

mod install;
mod process;
mod xrpc;

use std::{fmt, io};

use data_encoding::BASE64;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::process::{Process, Ready};
use crate::cutter::{Cutter, Plan};
use crate::proxy::{Proxy, ProxyError};
use crate::server::Silent;

/// Why the harness cannot do what a test asked for.
#[derive(thiserror::Error)]
pub enum HarnessError {
    /// Packages are missing, and nobody allowed installing them.
    #[error("the reference servers are not installed ({0}): run `cargo xtask test --install`")]
    NotInstalled(#[source] io::Error),
    /// npm, or the folder under `target/`, failed.
    #[error("the reference servers cannot be installed: {0}")]
    Install(#[source] io::Error),
    /// The process did not start.
    #[error("a server cannot be started: {0}")]
    Start(#[source] io::Error),
    /// The process ended, or said nothing within the limit.
    #[error("a server ended or did not answer within {limit_s} s; its last words: {log}")]
    NotReady {
        /// In seconds.
        limit_s: u64,
        /// The end of its stderr.
        log: String,
    },
    /// `server.mjs` and this harness do not agree.
    #[error("the reference PDS said something else than that it is ready: {line}")]
    NotUnderstood {
        /// What it said.
        line: String,
    },
    /// The proxy in front could not listen.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// No answer to a call.
    #[error("{nsid} got no answer: {source}")]
    Call {
        /// The method that was called.
        nsid: String,
        /// What broke.
        source: io::Error,
    },
    /// An answer other than 200 to a call of the harness itself.
    #[error("{nsid} answered {status}: {body}")]
    Refused {
        /// The method that was called.
        nsid: String,
        /// HTTP status.
        status: u16,
        /// The whole answer.
        body: Value,
    },
}

impl HarnessError {
    /// What is not on this machine is told apart.
    pub(crate) fn of_start(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound { Self::NotInstalled(error) } else { Self::Start(error) }
    }

    pub(crate) fn of_server(Silent(log): Silent, limit_s: u64) -> Self {
        Self::NotReady { limit_s, log }
    }
}

/// The message itself: `unwrap` in a test shows this form, and it must say what to do.
impl fmt::Debug for HarnessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How a PDS is started.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealPdsOptions {
    /// The rate limits of the public network, in the PDS's memory.
    pub rate_limits: bool,
}

/// An account on a [`RealPds`], with everything that a test may want to sign in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// `did:plc:…`
    pub did: String,
    /// `something.test`
    pub handle: String,
    /// The main password.
    pub password: String,
    /// The app password that is named [`APP_PASSWORD_NAME`].
    pub app_password: String,
}

/// The name that [`RealPds::create_account`] gives to an app password.
pub const APP_PASSWORD_NAME: &str = "skein";

/// A PDS with its own PLC directory; both end when this is dropped, or when the test's process dies.
#[derive(Debug)]
pub struct RealPds {
    process: Process,
    ready: Ready,
}

impl RealPds {
    /// Without rate limits.
    ///
    /// # Errors
    /// [`HarnessError::NotInstalled`] when the packages are missing, others when the server does not come up in 60 s.
    pub async fn start() -> Result<Self, HarnessError> {
        Self::start_with(RealPdsOptions::default()).await
    }

    /// With options.
    ///
    /// # Errors
    /// As [`RealPds::start`].
    pub async fn start_with(options: RealPdsOptions) -> Result<Self, HarnessError> {
        let (process, ready) = Process::start(options, None).await?;
        Ok(Self { process, ready })
    }

    /// With a proxy in front that the PDS believes to be itself: [`RealPds::pds_url`] and every DID document name the
    /// proxy, so that a client which resolves the DID passes through it. The calls of this harness go past it.
    ///
    /// # Errors
    /// As [`RealPds::start`].
    pub async fn start_behind_proxy(options: RealPdsOptions) -> Result<(Self, Proxy), HarnessError> {
        let (pds, listener) = Self::start_behind(options).await?;
        let proxy = Proxy::serve(listener, &pds.upstream()).map_err(HarnessError::Start)?;
        Ok((pds, proxy))
    }

    /// The same with a proxy that cuts connections, once its storm begins.
    ///
    /// # Errors
    /// As [`RealPds::start`].
    pub async fn start_behind_cutter(options: RealPdsOptions, plan: Plan) -> Result<(Self, Cutter), HarnessError> {
        let (pds, listener) = Self::start_behind(options).await?;
        let cutter = Cutter::serve(listener, &pds.upstream(), plan).map_err(HarnessError::Start)?;
        Ok((pds, cutter))
    }

    /// Takes the port of what will stand in front before the server starts, so that the server can name it.
    async fn start_behind(options: RealPdsOptions) -> Result<(Self, TcpListener), HarnessError> {
        let listener = Proxy::bind().await?;
        let port = listener.local_addr().map_err(HarnessError::Start)?.port();
        let (process, ready) = Process::start(options, Some(port)).await?;
        Ok((Self { process, ready }, listener))
    }

    /// The PDS of a whole network, and the address of its `AppView`.
    pub(crate) async fn start_network(postgres_url: &str, redis_host: &str) -> Result<(Self, String), HarnessError> {
        let (process, mut ready) = Process::start_network(postgres_url, redis_host).await?;
        let appview_url = std::mem::take(&mut ready.appview_url);
        Ok((Self { process, ready }, appview_url))
    }

    /// Waits until the `AppView` of a whole network shows all that was written before.
    pub(crate) async fn settle(&mut self, limit_s: u64) -> Result<(), HarnessError> {
        self.process.tell("settle")?;
        self.process.says(limit_s, |line| line == "settled").await.map(drop)
    }

    fn upstream(&self) -> String {
        format!("127.0.0.1:{}", self.ready.pds_port)
    }

    /// `http://localhost:PORT`: what the PDS says of itself.
    pub fn pds_url(&self) -> &str {
        &self.ready.pds_url
    }

    /// `http://localhost:PORT` of the PLC directory.
    pub fn plc_url(&self) -> &str {
        &self.ready.plc_url
    }

    /// The process id of both servers.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Creates an account and an app password. `handle` ends in `.test`; its first label has 3 to 18 characters.
    ///
    /// # Errors
    /// [`HarnessError::Refused`] when the handle is taken or invalid.
    pub async fn create_account(&self, handle: &str) -> Result<Account, HarnessError> {
        let label = handle.split('.').next().unwrap_or_default();
        let password = format!("main password of {label}");
        let body = json!({"handle": handle, "email": format!("{label}@example.com"), "password": password});
        let session = self.must_post("com.atproto.server.createAccount", &body, None).await?;
        let token = bearer(text(&session, "accessJwt"));
        let body = json!({"name": APP_PASSWORD_NAME});
        let app = self.must_post("com.atproto.server.createAppPassword", &body, Some(&token)).await?;
        Ok(Account {
            did: text(&session, "did").to_owned(),
            handle: handle.to_owned(),
            password,
            app_password: text(&app, "password").to_owned(),
        })
    }

    /// An access token by the main password, for the calls of a test.
    ///
    /// # Errors
    /// [`HarnessError::Refused`] when the account is taken down, or after 30 calls in 5 minutes with rate limits on.
    pub async fn access_token(&self, account: &Account) -> Result<String, HarnessError> {
        let body = json!({"identifier": account.did, "password": account.password});
        let session = self.must_post("com.atproto.server.createSession", &body, None).await?;
        Ok(text(&session, "accessJwt").to_owned())
    }

    /// Revokes the app password. Sessions that it opened cannot be refreshed any more; their access tokens still work
    /// until they expire.
    ///
    /// # Errors
    /// As [`RealPds::access_token`].
    pub async fn revoke_app_password(&self, account: &Account) -> Result<(), HarnessError> {
        self.as_owner(account, "com.atproto.server.revokeAppPassword", &json!({"name": APP_PASSWORD_NAME})).await
    }

    /// Deactivates the account, as its owner would: writes answer 401 `AccountDeactivated`.
    ///
    /// # Errors
    /// As [`RealPds::access_token`].
    pub async fn deactivate(&self, account: &Account) -> Result<(), HarnessError> {
        self.as_owner(account, "com.atproto.server.deactivateAccount", &json!({})).await
    }

    /// Undoes [`RealPds::deactivate`].
    ///
    /// # Errors
    /// As [`RealPds::access_token`].
    pub async fn activate(&self, account: &Account) -> Result<(), HarnessError> {
        self.as_owner(account, "com.atproto.server.activateAccount", &Value::Null).await
    }

    /// Takes the account down, as a moderator would: everything answers 401 `AccountTakedown`.
    ///
    /// # Errors
    /// [`HarnessError::Refused`] when there is no such account.
    pub async fn take_down(&self, account: &Account) -> Result<(), HarnessError> {
        self.set_takedown(account, true).await
    }

    /// Undoes [`RealPds::take_down`]; refresh tokens of before stay dead.
    ///
    /// # Errors
    /// [`HarnessError::Refused`] when there is no such account.
    pub async fn restore(&self, account: &Account) -> Result<(), HarnessError> {
        self.set_takedown(account, false).await
    }

    /// A query; the answer is returned whatever its status.
    ///
    /// # Errors
    /// [`HarnessError::Call`] when there is no answer within 30 s.
    pub async fn xrpc_get(
        &self,
        nsid: &str,
        params: &[(&str, &str)],
        token: Option<&str>,
    ) -> Result<(u16, Value), HarnessError> {
        let authorization = token.map(bearer);
        xrpc::call(self.ready.pds_port, "GET", &xrpc::target(nsid, params), authorization.as_deref(), None)
            .await
            .map_err(|source| HarnessError::Call { nsid: nsid.to_owned(), source })
    }

    /// A procedure; the answer is returned whatever its status. A `null` body is sent as none at all.
    ///
    /// # Errors
    /// [`HarnessError::Call`] when there is no answer within 30 s.
    pub async fn xrpc_post(&self, nsid: &str, body: &Value, token: Option<&str>) -> Result<(u16, Value), HarnessError> {
        self.post(nsid, body, token.map(bearer).as_deref()).await
    }

    async fn set_takedown(&self, account: &Account, applied: bool) -> Result<(), HarnessError> {
        let subject = json!({"$type": "com.atproto.admin.defs#repoRef", "did": account.did});
        let body = json!({"subject": subject, "takedown": {"applied": applied, "ref": "test"}});
        let credentials = BASE64.encode(format!("admin:{}", self.ready.admin_password).as_bytes());
        let authorization = format!("Basic {credentials}");
        self.must_post("com.atproto.admin.updateSubjectStatus", &body, Some(&authorization)).await.map(drop)
    }

    async fn as_owner(&self, account: &Account, nsid: &str, body: &Value) -> Result<(), HarnessError> {
        let token = bearer(&self.access_token(account).await?);
        self.must_post(nsid, body, Some(&token)).await.map(drop)
    }

    async fn must_post(&self, nsid: &str, body: &Value, authorization: Option<&str>) -> Result<Value, HarnessError> {
        match self.post(nsid, body, authorization).await? {
            (200, answer) => Ok(answer),
            (status, body) => Err(HarnessError::Refused { nsid: nsid.to_owned(), status, body }),
        }
    }

    async fn post(&self, nsid: &str, body: &Value, authorization: Option<&str>) -> Result<(u16, Value), HarnessError> {
        let body = (!body.is_null()).then_some(body);
        xrpc::call(self.ready.pds_port, "POST", &xrpc::target(nsid, &[]), authorization, body)
            .await
            .map_err(|source| HarnessError::Call { nsid: nsid.to_owned(), source })
    }
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}
