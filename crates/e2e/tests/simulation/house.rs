//! Everything of one run that its processes share, and how a process is put together.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use skein_bluesky::Environment;
use skein_bluesky::calls::Recorder;
use skein_bluesky::journal::MemoryJournal;
use skein_bluesky::session::{Now, Sessions};
use skein_bluesky::xrpc::XrpcClient;
use skein_connect::bluesky::BlueskyConnector;
use skein_domain::ports::{Connector, Ledger, Originals};
use skein_domain::{DeliveryId, Platform, StateName, WorkspaceId};
use skein_engine::{Engine, Parts, Settings};
use skein_intake::Intake;
use skein_net::Http;
use skein_sandbox::{Fault, InProcess, RateLimits, Sandbox, SandboxAccount, SandboxOptions};
use skein_testkit::{MemoryLedger, MemoryMedia, MemoryOriginals, SeededEntropy};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;
use url::Url;

use crate::buggy_ledger::BuggyLedger;
use crate::bugs::{Bug, Repeated};
use crate::connector::{PICTURE, ProcessConnector};
use crate::ledger::ProcessLedger;
use crate::life::{Fortune, Life};
use crate::plan::Plan;
use crate::record::Record;
use crate::transport::{APPLY_WRITES, ProcessTransport};
use crate::trouble::Fate;
use crate::wall::{ProcessClock, Wall};

/// What all processes of a run share.
pub(crate) struct House {
    pub(crate) plan: Plan,
    pub(crate) bug: Option<Bug>,
    pub(crate) wall: Wall,
    pub(crate) record: Record,
    pub(crate) sandbox: Sandbox,
    pub(crate) network: InProcess,
    pub(crate) ledger: MemoryLedger,
    pub(crate) accounts: Vec<SandboxAccount>,
    pub(crate) originals: MemoryOriginals,
    journal: Arc<MemoryJournal>,
    media: Arc<MemoryMedia>,
    dice: SeededEntropy,
    is_quiet: AtomicBool,
    engines: Mutex<BTreeMap<String, Engine>>,
    tips: UnboundedSender<DeliveryId>,
    away_until: Mutex<Option<Instant>>,
    repeated: Repeated,
}

/// One process: a worker, or the door at which people stand.
pub(crate) struct Process {
    pub(crate) life: Arc<Life>,
    pub(crate) sessions: Sessions,
    pub(crate) engine: Engine,
    pub(crate) intake: Intake,
}

impl House {
    /// An empty house, before anything happens.
    pub(crate) fn new(plan: Plan, bug: Option<Bug>, tips: UnboundedSender<DeliveryId>) -> Self {
        let wall = Wall::at("2026-12-01T08:00:00Z".parse().unwrap());
        let platform_time = wall.clone();
        let clock = Arc::new(move || platform_time.right());
        let sandbox = Sandbox::unheard(SandboxOptions { port: 2_583, clock, seed: plan.seed });
        let make = |number| sandbox.create_account(&format!("goose{number}.test")).unwrap();
        let accounts = (0..plan.accounts).map(make).collect();
        if let Some(write_points_per_hour) = plan.points_per_hour {
            sandbox.set_rate_limits(Some(RateLimits { write_points_per_hour, write_points_per_day: 35_000 }));
        }
        let originals = MemoryOriginals::default();
        originals.add("picture", PICTURE);
        let nobody = Arc::new(Life::new("nobody".to_owned(), Fortune::default()));
        let media = Arc::new(MemoryMedia::new(Arc::new(ProcessClock { wall: wall.clone(), life: nobody })));
        Self {
            dice: SeededEntropy::new(plan.seed ^ 0xd1ce),
            network: sandbox.in_process(),
            plan,
            bug,
            wall,
            record: Record::default(),
            sandbox,
            ledger: MemoryLedger::new(),
            accounts,
            originals,
            journal: Arc::new(MemoryJournal::without_calls()),
            media,
            is_quiet: AtomicBool::new(true),
            engines: Mutex::default(),
            tips,
            away_until: Mutex::default(),
            repeated: Repeated::default(),
        }
    }

    /// From now on nothing goes wrong any more.
    pub(crate) fn calm_down(&self) {
        self.is_quiet.store(true, Ordering::SeqCst);
        *self.away() = None;
    }

    /// From now on things may go wrong.
    pub(crate) fn stir(&self) {
        self.is_quiet.store(false, Ordering::SeqCst);
    }

    /// An engine that is told when people did something; `None` when it is gone.
    pub(crate) fn tell(&self, name: &str, engine: Option<&Engine>) {
        let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        match engine {
            Some(engine) => drop(engines.insert(name.to_owned(), engine.clone())),
            None => drop(engines.remove(name)),
        }
    }

    /// Tells the engines that the ledger changed.
    pub(crate) fn nudge(&self) {
        self.engines.lock().unwrap_or_else(PoisonError::into_inner).values().for_each(Engine::nudge);
    }

    fn away(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.away_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The database is away until then.
    pub(crate) fn restart_database(&self, until: Instant) {
        if !self.is_quiet.load(Ordering::SeqCst) {
            *self.away() = Some(until);
        }
    }

    /// Whether a call of the ledger fails now.
    pub(crate) fn database_is_away(&self) -> bool {
        self.away().is_some_and(|until| until > Instant::now())
    }

    /// Whether the answer of a call that took effect is lost.
    pub(crate) fn loses_commit(&self) -> bool {
        let most = self.plan.lost_commits;
        most > 0 && !self.is_quiet.load(Ordering::SeqCst) && self.dice.below(10_000) < most
    }

    /// Something became of a delivery, which somebody may hear of.
    pub(crate) fn tip(&self, id: &DeliveryId, from: StateName, to: StateName) {
        let often = match (from, to) {
            (StateName::NeedsReview, _) | (_, StateName::NeedsReview | StateName::Failed | StateName::Missed) => 1,
            (_, StateName::Settling) => 2,
            (_, StateName::Blocked) => 3,
            (_, StateName::Preparing | StateName::Publishing) => 7,
            _ => 8,
        };
        if !self.is_quiet.load(Ordering::SeqCst) && self.dice.below(often) == 0 {
            // After the run nobody listens any more.
            drop(self.tips.send(id.clone()));
        }
    }

    /// How long a request takes on each of its ways, when nothing is wrong.
    pub(crate) fn latency(&self) -> Duration {
        Duration::from_millis(5 + self.dice.below(40))
    }

    /// What becomes of a request.
    pub(crate) fn fate_of(&self, nsid: &str, body: Option<&Bytes>) -> Fate {
        if self.is_quiet.load(Ordering::SeqCst) {
            return Fate::Fine;
        }
        let is_post = |body: &Bytes| body.windows(8).any(|window| window == b"#create\"");
        let fate = match nsid {
            APPLY_WRITES if body.is_some_and(is_post) => Fate::of_write(&self.plan, &self.dice),
            "com.atproto.repo.uploadBlob" => Fate::of_upload(&self.plan, &self.dice),
            "com.atproto.server.createSession" => match Fate::of_login(&self.plan, &self.dice) {
                Fate::Host(Fault::RevokedPassword) => {
                    self.record.count("fault: login refused");
                    return Fate::Host(Fault::RevokedPassword);
                }
                fate => fate,
            },
            // A directory that lies is the business of the client's own tests.
            nsid if nsid.starts_with("com.atproto.") => Fate::of_read(&self.plan, &self.dice),
            _ => Fate::Fine,
        };
        if fate != Fate::Fine {
            self.record.count(&format!("fault: {}", fate.name()));
        }
        fate
    }

    /// The bytes that really leave.
    pub(crate) fn as_sent(&self, nsid: &str, body: &Bytes) -> Bytes {
        match self.bug {
            Some(Bug::ResendUnfenced) if nsid == APPLY_WRITES => self.repeated.unfenced(body),
            _ => body.clone(),
        }
    }

    /// A new process. Everything that it knows comes from the ledger and the journal.
    pub(crate) fn process(self: &Arc<Self>, name: &str, fortune: Fortune, seed: u64, is_engine: bool) -> Process {
        let life = Arc::new(Life::new(name.to_owned(), fortune));
        let clock = Arc::new(ProcessClock { wall: self.wall.clone(), life: Arc::clone(&life) });
        let wall = self.wall.clone();
        let now: Now = Arc::new(move || wall.now());
        let transport = ProcessTransport { house: Arc::clone(self), life: Arc::clone(&life) };
        let instance: [u8; 6] = seed.to_le_bytes()[..6].try_into().unwrap();
        let recorder = Recorder::start(self.journal.clone(), Arc::clone(&now), instance);
        let url: Url = self.sandbox.url().parse().unwrap();
        let http = Http::over(Arc::new(transport)).unwrap().allowing(&url).watched_by(recorder);
        let environment = Environment { plc_url: url.clone(), appview_url: url.clone(), video_url: url };
        let sessions = Sessions::new(http.clone(), environment, self.journal.clone(), now, name.to_owned());
        let sessions = sessions.under(self.plan.ceiling);
        let (identities, xrpc) = (sessions.identities().clone(), XrpcClient::new(http));
        let inner = BlueskyConnector::new(sessions.clone(), identities, xrpc, clock.clone(), self.media.clone(), None);
        let connector: Arc<dyn Connector> = Arc::new(ProcessConnector { inner: Arc::new(inner), bug: self.bug });
        let connectors = HashMap::from([(Platform::Bluesky, connector)]);
        let ledger = self.ledger_of(&life, is_engine);
        let entropy = Arc::new(SeededEntropy::new(seed));
        let (media, workspace) = (self.media.clone(), WorkspaceId::personal());
        let intake = Intake::new(
            Arc::clone(&ledger),
            media.clone(),
            connectors.clone(),
            clock.clone(),
            entropy.clone(),
            workspace,
        );
        let settings = Settings {
            look_every_ms: self.plan.look_every_ms,
            // So few that they wait for each other.
            requests_at_once_per_host: 1 + usize::try_from(seed % 3).unwrap_or(0),
            ..Settings::default()
        };
        let owner = name.to_owned();
        let engine = Engine::new(Parts { ledger, media, connectors, clock, entropy, owner, settings });
        Process { life, sessions, engine, intake }
    }

    fn ledger_of(self: &Arc<Self>, life: &Arc<Life>, is_engine: bool) -> Arc<dyn Ledger> {
        let ledger: Arc<dyn Ledger> =
            Arc::new(ProcessLedger { house: Arc::clone(self), life: Arc::clone(life), is_engine });
        match self.bug {
            Some(bug) => Arc::new(BuggyLedger { inner: ledger, bug, is_engine }),
            None => ledger,
        }
    }

    /// Where pictures come from.
    pub(crate) fn pictures(&self) -> &dyn Originals {
        &self.originals
    }
}
