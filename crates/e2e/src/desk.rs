//! The use cases in the process of a test or a bench: thousands of accounts and posts get into a database within seconds.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use jiff::Timestamp;
use skein_bluesky::Environment;
use skein_bluesky::session::{LoginRequest, Now, Sessions};
use skein_bluesky::xrpc::XrpcClient;
use skein_connect::bluesky::BlueskyConnector;
use skein_domain::ports::{Clock, Connector, Entropy, Ledger, MediaFiles};
use skein_domain::{Part, Platform, WorkspaceId};
use skein_intake::{Connected, Intake, Submission};
use skein_journal::StoreJournal;
use skein_net::{AllowPrivate, Dns, Http, NetConfig};
use skein_store::{DatabaseUrl, MasterKey, Store};
use skein_testkit::{MemoryMedia, MemoryOriginals};
use url::Url;

use crate::submission::submission;

/// The machine's time and randomness.
pub struct Machine;

#[async_trait]
impl Clock for Machine {
    #[expect(clippy::disallowed_methods, reason = "whoever writes a program chooses its clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_microsecond(i64::try_from(since.as_micros()).unwrap_or(0)).unwrap_or_default()
    }

    async fn sleep_until(&self, at: Timestamp) {
        let left = Duration::try_from(at.duration_since(self.now())).unwrap_or_default();
        tokio::time::sleep(left).await;
    }

    async fn pause(&self, ms: i64) {
        tokio::time::sleep(Duration::from_millis(ms.unsigned_abs())).await;
    }
}

impl Entropy for Machine {
    #[expect(clippy::disallowed_methods, reason = "whoever writes a program chooses its randomness")]
    fn fill(&self, into: &mut [u8]) {
        getrandom::fill(into).expect("the operating system has random bytes");
    }
}

/// Clones are the same desk.
#[derive(Clone)]
pub struct Desk {
    sessions: Sessions,
    intake: Intake,
    ledger: Arc<dyn Ledger>,
}

impl Desk {
    /// On a database, with its master key, in a network of which `plc` is the directory and `appview` knows the handles.
    pub async fn open(database: &str, key: &Path, plc: &Url, appview: &Url) -> Result<Self, Box<dyn Error>> {
        let key = MasterKey::load_or_create(key, &Machine)?;
        let store = Store::open(&DatabaseUrl::parse(database)?, key, Arc::new(Machine)).await?;
        let clock: Arc<dyn Clock> = Arc::new(Machine);
        let media: Arc<dyn MediaFiles> = Arc::new(MemoryMedia::new(Arc::clone(&clock)));
        let http = Http::new(NetConfig { allow_private: AllowPrivate::All, dns: Dns::Off, ..NetConfig::default() })?;
        let environment =
            Environment { plc_url: plc.clone(), appview_url: appview.clone(), video_url: appview.clone() };
        let now: Now = Arc::new(|| Machine.now());
        let journal = Arc::new(StoreJournal::new(&store));
        let sessions = Sessions::new(http.clone(), environment, journal, now, "desk".to_owned());
        let connector: Arc<dyn Connector> = Arc::new(BlueskyConnector::new(
            sessions.clone(),
            sessions.identities().clone(),
            XrpcClient::new(http),
            Arc::clone(&clock),
            Arc::clone(&media),
            None,
        ));
        let connectors = HashMap::from([(Platform::Bluesky, connector)]);
        let ledger: Arc<dyn Ledger> = Arc::new(store);
        let intake =
            Intake::new(Arc::clone(&ledger), media, connectors, clock, Arc::new(Machine), WorkspaceId::personal());
        Ok(Self { sessions, intake, ledger })
    }

    /// Logs an account in at a server, and connects it.
    pub async fn log_in(&self, handle: &str, app_password: &str, server: &Url) -> Result<(), Box<dyn Error>> {
        let mut request = LoginRequest::new(handle, app_password.to_owned().into());
        request.service = Some(server.clone());
        let logged_in = self.sessions.login(request).await?;
        let connected = Connected {
            platform: Platform::Bluesky,
            identity: logged_in.did.as_str().to_owned(),
            handle: handle.to_owned(),
            host: logged_in.pds.as_str().trim_end_matches('/').to_owned(),
        };
        self.intake.connect(connected).await?;
        Ok(())
    }

    /// Hands a post of one part in.
    pub async fn submit(&self, text: &str, handle: &str, due: Timestamp) -> Result<(), Box<dyn Error>> {
        let due = due.to_string();
        let submission =
            Submission { accounts: vec![handle.to_owned()], ..submission(vec![Part::text(text)], Some(&due)) };
        self.intake.submit(submission, &MemoryOriginals::default()).await?;
        Ok(())
    }

    /// What is kept.
    pub fn ledger(&self) -> &dyn Ledger {
        self.ledger.as_ref()
    }
}
