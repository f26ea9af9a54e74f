use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use skein_atproto::syntax::AtUri;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::connection::{CuttableListener, Scissors};
use crate::faults::Faults;
use crate::http::{Clock, Shared, router};
use crate::in_process::InProcess;
use crate::network::{AccountState, Draft, LoggedCommit, Network, RecordPath, Write};
use crate::xrpc::Refusal;

/// What a sandbox needs from outside: it has no time and no randomness of its own.
#[derive(Clone)]
pub struct SandboxOptions {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The instant it is.
    pub clock: Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>,
    /// DIDs, passwords and tokens follow from it: the same seed and the same calls give the same ones.
    pub seed: u64,
}

/// Why the sandbox could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The port cannot be had.
    #[error("the sandbox cannot listen on 127.0.0.1:{port}: {source}; choose another port, or 0 for any free one")]
    Listen {
        /// The port asked for.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// The network refused it, as it would refuse a client.
    #[error("the sandbox refused: {0}")]
    Refused(String),
    /// Nothing there by that name.
    #[error("there is no {0} in the sandbox")]
    Missing(String),
}

impl From<Refusal> for SandboxError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.to_string())
    }
}

/// An account in the sandbox with its passwords.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxAccount {
    /// `did:plc:…`
    pub did: String,
    /// `….test`
    pub handle: String,
    /// The main password.
    pub password: String,
    /// An app password, named `sandbox`.
    pub app_password: String,
}

/// Points that one DID may spend on writes (create 3, update 2, delete 1). The limits that Bluesky states for
/// everything else are in force along with these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimits {
    /// In a window of an hour that opens with the first write.
    pub write_points_per_hour: u64,
    /// In a window of a day.
    pub write_points_per_day: u64,
}

impl RateLimits {
    /// What Bluesky's hosts allow.
    pub const BLUESKY: Self = Self { write_points_per_hour: 5_000, write_points_per_day: 35_000 };
}

/// A running sandbox. Dropping it stops the server as soon as its open requests are answered.
pub struct Sandbox {
    url: String,
    shared: Shared,
    listening: Option<Listening>,
}

/// The server of a sandbox that listens.
struct Listening {
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Sandbox {
    /// Starts the network on 127.0.0.1.
    ///
    /// # Errors
    /// [`SandboxError::Listen`] if the port is taken.
    pub async fn start(options: SandboxOptions) -> Result<Self, SandboxError> {
        let SandboxOptions { port, clock, seed } = options;
        let failed = |source| SandboxError::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let url = format!("http://localhost:{port}");
        let shared = shared(&url, clock, seed);
        let service = router(shared.clone()).into_make_service_with_connect_info::<Scissors>();
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(async move {
            let serving = axum::serve(CuttableListener(listener), service);
            // The signal is good also if the sender was dropped.
            let stopped = async { stopped.await.unwrap_or_default() };
            if let Err(error) = serving.with_graceful_shutdown(stopped).await {
                tracing::error!(%error, "the sandbox stopped");
            }
        });
        Ok(Self { url, shared, listening: Some(Listening { stop, server }) })
    }

    /// The same network without a port: whoever is in this process asks it through [`Self::in_process`]. Its address, with the
    /// port of the options, is the one that its documents name.
    pub fn unheard(options: SandboxOptions) -> Self {
        let url = format!("http://localhost:{}", options.port);
        let shared = shared(&url, options.clock, options.seed);
        Self { url, shared, listening: None }
    }

    /// The service that a server would listen for.
    pub fn in_process(&self) -> InProcess {
        InProcess::new(router(self.shared.clone()))
    }

    /// What was committed to repositories since the start, oldest first; at most the last 10,000 commits.
    pub fn commits(&self) -> Vec<LoggedCommit> {
        self.shared.network().log.iter().cloned().collect()
    }

    /// `http://localhost:PORT`: the PLC directory, the service and the `AppView` alike.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes an account with an app password.
    ///
    /// # Errors
    /// If the handle does not end with `.test`, has a name shorter than 3 or longer than 18 characters, or is taken.
    pub fn create_account(&self, handle: &str) -> Result<SandboxAccount, SandboxError> {
        make_account(&mut self.shared.network(), handle)
    }

    /// What goes wrong, and when.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Deactivates an account, takes it down, or makes it active again.
    ///
    /// # Errors
    /// [`SandboxError::Missing`] if there is no account by this handle or DID.
    pub fn set_account_state(&self, account: &str, state: AccountState) -> Result<(), SandboxError> {
        let mut network = self.shared.network();
        let found = network.account_mut(account);
        found.ok_or_else(|| SandboxError::Missing(format!("account {account}")))?.set_state(state);
        Ok(())
    }

    /// Deletes a record as its author would from another app: one more commit, and the key is free again.
    ///
    /// # Errors
    /// [`SandboxError::Missing`] if there is no such record.
    pub fn delete_as_author(&self, uri: &str) -> Result<(), SandboxError> {
        delete_as_author(&mut self.shared.network(), uri)
    }

    /// Makes a record as its author would from another app: one more commit, and no points. Returns its address.
    ///
    /// # Errors
    /// [`SandboxError::Missing`] if there is no account by this handle or DID; [`SandboxError::Refused`] for what is no record.
    pub fn write_as_author(&self, account: &str, collection: &str, record: &Value) -> Result<String, SandboxError> {
        let mut network = self.shared.network();
        let found = network.account(account).ok_or_else(|| SandboxError::Missing(format!("account {account}")))?;
        let did = found.did.clone();
        let draft = Draft { collection, rkey: None, record, validate: Some(false), path: Vec::new() };
        let prepared = network.prepare(&draft)?;
        let uri = format!("at://{did}/{}", prepared.path);
        network.commit(&did, vec![Write::Create(prepared.path, prepared.record)], None)?;
        Ok(uri)
    }

    /// The addresses of what is in a collection of an account, in the order of their keys.
    ///
    /// # Errors
    /// [`SandboxError::Missing`] if there is no account by this handle or DID.
    pub fn records(&self, account: &str, collection: &str) -> Result<Vec<String>, SandboxError> {
        let network = self.shared.network();
        let found = network.account(account).ok_or_else(|| SandboxError::Missing(format!("account {account}")))?;
        let in_collection = found.repo.records().filter(|(path, _)| path.collection.as_str() == collection);
        Ok(in_collection.map(|(path, _)| format!("at://{}/{}/{}", found.did, path.collection, path.rkey)).collect())
    }

    /// The contents of what is in a collection of an account, in the order of their keys.
    ///
    /// # Errors
    /// [`SandboxError::Missing`] if there is no account by this handle or DID.
    pub fn values(&self, account: &str, collection: &str) -> Result<Vec<Value>, SandboxError> {
        let network = self.shared.network();
        let found = network.account(account).ok_or_else(|| SandboxError::Missing(format!("account {account}")))?;
        let in_collection = found.repo.records().filter(|(path, _)| path.collection.as_str() == collection);
        Ok(in_collection.map(|(_, record)| record.value.clone()).collect())
    }

    /// An uploaded file of an account, by its hash; `None` where it never came or was dropped.
    ///
    /// # Errors
    /// [`SandboxError::Missing`] if there is no account by this handle or DID.
    pub fn blob(&self, account: &str, cid: &str) -> Result<Option<Vec<u8>>, SandboxError> {
        let network = self.shared.network();
        let found = network.account(account).ok_or_else(|| SandboxError::Missing(format!("account {account}")))?;
        Ok(found.blobs.get(cid).map(|blob| blob.bytes.to_vec()))
    }

    /// Hides a record as its host would: it cannot be read, and its key stays in use.
    ///
    /// # Errors
    /// [`SandboxError::Missing`] if there is no such record.
    pub fn take_down_record(&self, uri: &str) -> Result<(), SandboxError> {
        take_down_record(&mut self.shared.network(), uri)
    }

    /// Turns rate limits on or off, with nothing spent. They are off at first.
    pub fn set_rate_limits(&self, limits: Option<RateLimits>) {
        let points = limits.map(|limits| (limits.write_points_per_hour, limits.write_points_per_day));
        self.shared.network().budget.set_limits(points);
    }

    /// Stops the server: held requests are discarded, others are answered, then the port is free.
    pub async fn shutdown(mut self) {
        self.shared.faults.discard_held();
        let Some(Listening { stop, server }) = self.listening.take() else { return };
        drop(stop);
        if let Err(error) = server.await {
            tracing::error!(%error, "the sandbox did not stop cleanly");
        }
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sandbox").field("url", &self.url).finish_non_exhaustive()
    }
}

fn shared(url: &str, clock: Clock, seed: u64) -> Shared {
    let network = Network::new(url.to_owned(), seed);
    Shared { network: Arc::new(Mutex::new(network)), faults: Arc::default(), clock }
}

pub(crate) fn make_account(network: &mut Network, handle: &str) -> Result<SandboxAccount, SandboxError> {
    let password = network.new_password();
    let email = format!("{}@example.com", handle.to_ascii_lowercase());
    let did = network.create_account(handle, &email, &password)?;
    let app_password = network.create_app_password(&did, "sandbox", false)?.password;
    let handle = handle.to_ascii_lowercase();
    Ok(SandboxAccount { did: did.as_str().to_owned(), handle, password, app_password })
}

pub(crate) fn delete_as_author(network: &mut Network, uri: &str) -> Result<(), SandboxError> {
    let missing = || SandboxError::Missing(format!("record {uri}"));
    let (actor, path) = parts_of(uri).ok_or_else(missing)?;
    let account =
        network.account(&actor).filter(|account| account.state == AccountState::Active).ok_or_else(missing)?;
    let did = account.did.clone();
    account.repo.record(&path).ok_or_else(missing)?;
    network.commit(&did, vec![Write::Delete(path)], None)?;
    Ok(())
}

pub(crate) fn take_down_record(network: &mut Network, uri: &str) -> Result<(), SandboxError> {
    let missing = || SandboxError::Missing(format!("record {uri}"));
    let (actor, path) = parts_of(uri).ok_or_else(missing)?;
    let found = network.account_mut(&actor).ok_or_else(missing)?.repo.take_down(&path);
    if found { Ok(()) } else { Err(missing()) }
}

fn parts_of(uri: &str) -> Option<(String, RecordPath)> {
    let uri = AtUri::parse(uri).ok()?;
    Some((uri.authority().as_str().to_owned(), RecordPath { collection: uri.collection()?, rkey: uri.rkey()? }))
}
