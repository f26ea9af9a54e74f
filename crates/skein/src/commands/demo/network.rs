//! The demo's network: the sandbox in this process, two sample accounts, and a house of its own.

use serde_json::Value;
use skein_bluesky::session::LoginRequest;
use skein_bluesky::xrpc::{Auth, XrpcClient};
use skein_domain::ports::{Clock, Entropy};
use skein_domain::{Account, RecordRef};
use skein_sandbox::{Sandbox, SandboxError, SandboxOptions};
use std::path::PathBuf;
use std::sync::Arc;
use url::Url;

use crate::app::App;
use crate::clock::SystemClock;
use crate::commands::login::connect;
use crate::config::Config;
use crate::entropy::SystemEntropy;
use crate::exit::{Failure, sentence};
use crate::sandbox_file::{DemoLock, SandboxFile};
use crate::wiring::House;

const USUAL_PORT: u16 = 2580;
const COLLECTION: &str = "app.bsky.feed.post";

/// A running demo.
pub(crate) struct DemoNetwork {
    /// The sandbox.
    pub(crate) sandbox: Sandbox,
    /// The house that publishes there.
    pub(crate) house: House,
    /// Who publishes.
    pub(crate) alice: Account,
    /// Who is mentioned: a handle.
    pub(crate) bob: String,
    /// The data folder that was given; the sandbox has its own inside.
    pub(crate) data: PathBuf,
    url: Url,
    _lock: DemoLock,
}

impl DemoNetwork {
    /// Starts it, on a cleared folder, and logs the first account in as anybody would.
    pub(crate) async fn start(app: &App, port: Option<u16>) -> Result<Self, Failure> {
        let data = app.data()?;
        let lock = DemoLock::take(&data)?;
        let sandbox = start_sandbox(port).await?;
        let url = Url::parse(sandbox.url())
            .map_err(|error| Failure::system("sandbox", format!("The sandbox has no address: {error}.")))?;
        let file = SandboxFile { url: url.clone(), pid: std::process::id() };
        file.write(&data)?;
        let house = House::open(Config::with_sandbox(&data, Some(file), &app.variables)?, &app.hooks).await?;
        let alice = sandbox.create_account("alice.test").map_err(|error| failed(&error))?;
        let bob = sandbox.create_account("bob.test").map_err(|error| failed(&error))?.handle;
        let (alice, _) = connect(&house, LoginRequest::new(alice.handle, alice.app_password.into())).await?;
        Ok(Self { sandbox, house, alice, bob, data, url, _lock: lock })
    }

    /// The address of the whole network, without a slash at its end.
    pub(crate) fn url(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// The posts of the account, as its server lists them to anybody.
    pub(crate) async fn records(&self) -> Result<Vec<RecordRef>, Failure> {
        let xrpc = XrpcClient::new(self.house.http.clone());
        let params = [("repo", self.alice.identity.as_str()), ("collection", COLLECTION), ("limit", "100")];
        let unreadable =
            |why: String| Failure::system("sandbox", format!("The sandbox does not list its posts: {why}"));
        let answer = xrpc
            .get(&self.url, "com.atproto.repo.listRecords", &params, Auth::None)
            .await
            .map_err(|error| unreadable(sentence(&error.to_string())))?;
        let body: Value = serde_json::from_slice(&answer.body).map_err(|error| unreadable(error.to_string()))?;
        let records = body["records"].as_array().cloned().unwrap_or_default();
        let text = |record: &Value, field: &str| record[field].as_str().map(str::to_owned);
        let read = |record| Some(RecordRef { uri: text(record, "uri")?, cid: text(record, "cid")? });
        records.iter().map(read).collect::<Option<_>>().ok_or_else(|| unreadable("a record has no address.".to_owned()))
    }

    /// Stops the network; what was in it is gone.
    pub(crate) async fn end(self) {
        self.sandbox.shutdown().await;
    }
}

async fn start_sandbox(port: Option<u16>) -> Result<Sandbox, Failure> {
    let mut seed = [0; 8];
    SystemEntropy.fill(&mut seed);
    let options = |port| SandboxOptions { port, clock: Arc::new(|| SystemClock.now()), seed: u64::from_le_bytes(seed) };
    let started = match port {
        Some(port) => Sandbox::start(options(port)).await,
        None => match Sandbox::start(options(USUAL_PORT)).await {
            Err(SandboxError::Listen { .. }) => Sandbox::start(options(0)).await,
            other => other,
        },
    };
    started.map_err(|error| failed(&error))
}

fn failed(error: &SandboxError) -> Failure {
    Failure::system("sandbox", sentence(&error.to_string()))
}
