//! The house: ledger, connectors, clock, randomness, use cases and engine, put together.

use secrecy::ExposeSecret;
use skein_api::{Metrics, TimedLedger};
use skein_bluesky::Environment;
use skein_bluesky::calls::Recorder;
use skein_bluesky::session::{Now, Sessions};
use skein_bluesky::video::VideoService;
use skein_bluesky::xrpc::{Retry, XrpcClient};
use skein_connect::bluesky::BlueskyConnector;
use skein_domain::ports::{Clock, Connector, Entropy, Figures, Ledger, MediaFiles, Outbox};
use skein_domain::{Platform, WorkspaceId};
use skein_engine::{Engine, Outlet, Parts, Settings};
use skein_intake::Intake;
use skein_journal::StoreJournal;
use skein_net::{BuildError, Http, NetConfig};
use skein_store::{Calls, MasterKey, MediaBucket, MediaFolder, Store, StoreError};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use url::Url;

use crate::bucket::BucketError;
use crate::clock::SystemClock;
use crate::config::{Config, KeySource, NetworkConfig, make_private_folder, wrong};
use crate::doors;
use crate::entropy::SystemEntropy;
use crate::exit::{Failure, sentence};
use crate::originals::FilesAndWeb;

/// Wraps a ledger in another one.
pub type DecorateLedger = fn(Arc<dyn Ledger>) -> Arc<dyn Ledger>;
/// Wraps a connector in another one.
pub type DecorateConnector = fn(Arc<dyn Connector>) -> Arc<dyn Connector>;

/// Where tests plant faults: decorators around the ports. The product uses none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hooks {
    /// Wraps the ledger.
    pub decorate_ledger: Option<DecorateLedger>,
    /// Wraps every connector.
    pub decorate_connector: Option<DecorateConnector>,
}

/// Everything that works together in this process.
pub(crate) struct House {
    /// The settings it was opened with.
    pub(crate) config: Config,
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
    /// The durable memory.
    pub(crate) ledger: Arc<dyn Ledger>,
    /// The database behind it.
    pub(crate) store: Arc<Store>,
    /// What somebody is to be told.
    pub(crate) outbox: Arc<dyn Outbox>,
    /// Who is logged in.
    pub(crate) sessions: Sessions,
    /// The HTTP client. Its requests are logged.
    pub(crate) http: Http,
    /// What the client remembers.
    pub(crate) journal: Arc<StoreJournal>,
    /// The call log.
    pub(crate) calls: Calls,
    /// Who was asked for.
    pub(crate) profiles: skein_store::Profiles,
    /// Whoever writes it.
    pub(crate) recorder: Arc<Recorder>,
    /// The use cases.
    pub(crate) intake: Intake,
    /// The engine.
    pub(crate) engine: Engine,
    /// The name of this process among those that work on the same database.
    pub(crate) owner: String,
    /// The bucket that media files are kept in, if they are.
    pub(crate) bucket: Option<MediaBucket>,
    /// Where files are kept that are on their way into the media folder.
    unfinished: PathBuf,
}

impl House {
    /// Opens the database, making what is missing, and builds the rest around it. Asks nobody on the network.
    pub(crate) async fn open(config: Config, hooks: &Hooks) -> Result<Self, Failure> {
        Self::open_counted(config, hooks, None).await
    }

    /// The same, for a process that is watched: what it does is counted.
    pub(crate) async fn open_counted(
        config: Config,
        hooks: &Hooks,
        metrics: Option<&Arc<Metrics>>,
    ) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        make_private_folder(&config.paths.data)?;
        let store = open_store(&config, &entropy).await?;
        let owner = owner();
        let http = network_client(&config.network.net)?;
        let bucket = bucket(&config, &http, &entropy)?;
        let (media, unfinished) = media(&config, bucket.as_ref());
        let journal = Arc::new(StoreJournal::new(&store));
        let recorder = Recorder::start(journal.clone(), now_of(&clock), instance(entropy.as_ref()));
        let http = http.watched_by(recorder.clone());
        let sessions = sessions(&config.network, &http, journal.clone(), &clock, &owner).under(config.ceiling);
        let calls = store.calls();
        let profiles = store.profiles();
        let connector = bluesky(&config, &sessions, &http, &journal, (&clock, &media, &owner));
        let mut connector: Arc<dyn Connector> = Arc::new(connector);
        if let Some(decorate) = hooks.decorate_connector {
            connector = decorate(connector);
        }
        let store = Arc::new(store);
        let outbox: Arc<dyn Outbox> = store.clone();
        let ledger = ledger_of(&store, hooks, metrics);
        let connectors = HashMap::from([(Platform::Bluesky, connector)]);
        let intake = Intake::new(
            Arc::clone(&ledger),
            Arc::clone(&media),
            connectors.clone(),
            Arc::clone(&clock),
            Arc::clone(&entropy),
            WorkspaceId::personal(),
        );
        let engine = Engine::new(Parts {
            ledger: Arc::clone(&ledger),
            media,
            connectors,
            clock: Arc::clone(&clock),
            entropy,
            owner: owner.clone(),
            settings: Settings { lease_ms: config.lease_ms, ..Settings::default() },
        });
        let engine = match metrics {
            Some(metrics) => engine.counted(Arc::clone(metrics) as Arc<dyn Figures>),
            None => engine,
        };
        Ok(Self {
            config,
            clock,
            ledger,
            store,
            outbox,
            sessions,
            http,
            journal,
            calls,
            profiles,
            recorder,
            intake,
            engine,
            owner,
            bucket,
            unfinished,
        })
    }

    /// The engine of a process that stays, or that does what is due: it also tells people what they must know.
    pub(crate) fn telling_engine(&self) -> Result<Engine, Failure> {
        // Who works for hours learns now that nothing can be asked, and not at the first post.
        self.http.ready().map_err(|error| no_network(&error))?;
        let doors = doors::open(&self.config)?;
        Ok(self.engine.clone().telling(Outlet { outbox: Arc::clone(&self.outbox), doors }))
    }

    /// Who reads what is public as nobody in particular, and where.
    pub(crate) fn reader(&self) -> (XrpcClient, &Url) {
        let appview = &self.config.network.appview_url;
        (XrpcClient::new(self.http.clone()).allowing(appview).retrying(&self.retry()), appview)
    }

    /// What a command's people name, as seen from a folder.
    pub(crate) fn originals(&self, folder: PathBuf) -> FilesAndWeb {
        FilesAndWeb::new(self.http.clone(), folder, self.unfinished.clone())
    }

    /// How calls are made again that nobody else makes again: what the command line asks itself. The engine does so by itself.
    pub(crate) fn retry(&self) -> Retry {
        let random = || {
            let mut bytes = [0; 8];
            SystemEntropy.fill(&mut bytes);
            u64::from_le_bytes(bytes)
        };
        Retry::new(now_of(&self.clock), Arc::new(random))
    }
}

fn ledger_of(store: &Arc<Store>, hooks: &Hooks, metrics: Option<&Arc<Metrics>>) -> Arc<dyn Ledger> {
    let mut ledger: Arc<dyn Ledger> = store.clone();
    if let Some(decorate) = hooks.decorate_ledger {
        ledger = decorate(ledger);
    }
    match metrics {
        Some(metrics) => Arc::new(TimedLedger::new(ledger, Arc::clone(metrics) as Arc<dyn Figures>)),
        None => ledger,
    }
}

/// The one HTTP client of a process.
pub(crate) fn network_client(config: &NetConfig) -> Result<Http, Failure> {
    Http::new(config.clone()).map_err(|error| no_network(&error))
}

fn no_network(error: &BuildError) -> Failure {
    Failure::system("network_setup", sentence(&error.to_string()))
}

/// The bucket that is set, not asked yet.
pub(crate) fn bucket(config: &Config, http: &Http, entropy: &Arc<dyn Entropy>) -> Result<Option<MediaBucket>, Failure> {
    let Some(bucket) = &config.bucket else { return Ok(None) };
    match bucket.open(http, &config.paths.copies, Arc::clone(entropy)) {
        Ok(bucket) => Ok(Some(bucket)),
        Err(BucketError::Endpoint(why)) => Err(wrong("AWS_ENDPOINT_URL", why)),
        Err(error) => Err(Failure::system("media", sentence(&error.to_string()))),
    }
}

/// Where media files are, and the folder for those on their way there.
fn media(config: &Config, bucket: Option<&MediaBucket>) -> (Arc<dyn MediaFiles>, PathBuf) {
    if let Some(bucket) = bucket {
        return (Arc::new(bucket.clone()), bucket.unfinished());
    }
    let folder = MediaFolder::at(&config.paths.media);
    let unfinished = folder.unfinished();
    (Arc::new(folder), unfinished)
}

/// The connector to Bluesky: with its videos, and with pages for link cards.
fn bluesky(
    config: &Config,
    sessions: &Sessions,
    http: &Http,
    journal: &Arc<StoreJournal>,
    (clock, media, owner): (&Arc<dyn Clock>, &Arc<dyn MediaFiles>, &str),
) -> BlueskyConnector {
    let connector = BlueskyConnector::new(
        sessions.clone(),
        sessions.identities().clone(),
        XrpcClient::new(http.clone()),
        Arc::clone(clock),
        Arc::clone(media),
        web(config),
    );
    let films = VideoService::new(sessions.clone(), http, &environment(&config.network), now_of(clock));
    let connector = connector.encoding_videos(films, journal.clone(), owner, config.lease_ms);
    // The sandbox is a whole network, and nothing outside it is asked.
    if config.sandbox.is_none() { connector.asking_pages(http.clone()) } else { connector }
}

async fn open_store(config: &Config, entropy: &Arc<dyn Entropy>) -> Result<Store, Failure> {
    let mut made = None;
    let key = match &config.key {
        KeySource::Variable(key) => MasterKey::from_base64(key.expose_secret()),
        KeySource::File(path) if !path.exists() && config.paths.database_is_there() => {
            let message = format!("The master key {} is missing, and the database was made with it.", path.display());
            return Err(Failure::system("master_key", message)
                .next("Restore the file, or set SKEIN_MASTER_KEY. Without it the stored sessions cannot be read."));
        }
        KeySource::File(path) => {
            made = (!path.exists()).then_some(path);
            MasterKey::load_or_create(path, entropy.as_ref())
        }
    };
    let key = key.map_err(|error| Failure::system("master_key", sentence(&error.to_string())))?;
    Store::open(&config.paths.database, key, Arc::clone(entropy)).await.map_err(|error| {
        let failed = Failure::system("database", sentence(&error.to_string()));
        match made {
            Some(path) if is_of_other_key(&error) => without_new_key(failed, path),
            _ => failed,
        }
    })
}

fn is_of_other_key(error: &StoreError) -> bool {
    match error {
        StoreError::WrongKey => true,
        StoreError::Opening { why, .. } => is_of_other_key(why),
        _ => false,
    }
}

/// A new worker on the database of others has made itself a key that opens nothing, which must not stay in the way of theirs.
fn without_new_key(failed: Failure, path: &Path) -> Failure {
    let next = "Copy the file master.key from the data folder of whoever made the database, or set SKEIN_MASTER_KEY.";
    match std::fs::remove_file(path) {
        Ok(()) => failed.next(next),
        Err(error) => failed.next(format!("{next} Remove {} first: {error}.", path.display())),
    }
}

fn sessions(
    network: &NetworkConfig,
    http: &Http,
    journal: Arc<StoreJournal>,
    clock: &Arc<dyn Clock>,
    owner: &str,
) -> Sessions {
    Sessions::new(http.clone(), environment(network), journal, now_of(clock), owner.to_owned())
}

fn environment(network: &NetworkConfig) -> Environment {
    Environment {
        plc_url: network.plc_url.clone(),
        appview_url: network.appview_url.clone(),
        video_url: network.video_url.clone(),
    }
}

pub(crate) fn now_of(clock: &Arc<dyn Clock>) -> Now {
    let clock = Arc::clone(clock);
    Arc::new(move || clock.now())
}

/// What tells this process apart from all others in the ids of logged calls.
fn instance(entropy: &dyn Entropy) -> [u8; 6] {
    let mut bytes = [0; 6];
    entropy.fill(&mut bytes);
    bytes
}

/// Where people look at posts: the public app for the public network, the sandbox for itself, nowhere that is known else.
fn web(config: &Config) -> Option<Url> {
    let public = Environment::default();
    match &config.sandbox {
        Some(sandbox) => Some(sandbox.url.clone()),
        None if config.network.plc_url == public.plc_url => Url::parse("https://bsky.app").ok(),
        None => None,
    }
}

/// Host and process, as people see them.
fn owner() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let host: String = host.chars().filter(|c| !c.is_control()).take(60).collect();
    format!("{}:{}", if host.is_empty() { "localhost" } else { &host }, std::process::id())
}
