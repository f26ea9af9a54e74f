//! Bluesky, and every other host of the AT Protocol.

mod answers;
mod capabilities;
mod card;
mod ceiling;
mod check;
mod content;
mod film_obstacles;
mod film_uploads;
mod films;
mod gates;
mod langs;
mod layout;
mod pictures;
mod prepare;
mod preview;
mod publish;
mod quote;
mod reply;
mod resolve;
mod said;
mod target;
mod unpublish;
mod witness;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use skein_bluesky::identity::Identities;
use skein_bluesky::journal::VideoJournal;
use skein_bluesky::session::Sessions;
use skein_bluesky::video::VideoService;
use skein_bluesky::xrpc::XrpcClient;
use skein_domain::outcome::Obstacle;
use skein_domain::ports::{ArmedStep, Clock, Connector, FenceFrom, Limits, LocalFile, MediaFiles, Originals, Stamp};
use skein_domain::{
    Account, Attached, Category, DeliveryId, Draft, Evidence, Fault, Finding, MadeCards, Part, PartPreview, Platform,
    Prepared, Preview, RecordPreview, RecordRef, Resolved, Usable,
};
use skein_net::Http;
use std::sync::Arc;
use tokio::sync::Semaphore;
use url::Url;

pub use capabilities::LIMITS;
pub use layout::parts_of;
pub use preview::preview;

use film_uploads::FilmUploads;

/// The connector for Bluesky. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct BlueskyConnector {
    sessions: Sessions,
    identities: Identities,
    xrpc: XrpcClient,
    clock: Arc<dyn Clock>,
    media: Arc<dyn MediaFiles>,
    web: Option<Url>,
    /// Who asks pages for their cards.
    pages: Option<Http>,
    fits: Arc<Semaphore>,
    uploads: Arc<pictures::Uploads>,
    /// Who encodes videos, and how far they are.
    videos: Option<(VideoService, Arc<FilmUploads>)>,
}

impl BlueskyConnector {
    /// A connector over a client. `web` is where people look at posts (`https://bsky.app`); without it receipts carry no
    /// address for people.
    pub fn new(
        sessions: Sessions,
        identities: Identities,
        xrpc: XrpcClient,
        clock: Arc<dyn Clock>,
        media: Arc<dyn MediaFiles>,
        web: Option<Url>,
    ) -> Self {
        let fits = Arc::new(Semaphore::new(pictures::FITS_AT_ONCE));
        Self { sessions, identities, xrpc, clock, media, web, pages: None, fits, uploads: Arc::default(), videos: None }
    }

    /// The same connector, which asks pages of the web for their link cards. Without it only those cards are made whose words
    /// are given.
    pub fn asking_pages(self, http: Http) -> Self {
        Self { pages: Some(http), ..self }
    }

    /// The same connector, which has videos encoded by this service. `owner` is the name of this process among those that share
    /// the journal; the right to upload one video runs out `lease_ms` after a process is gone. Without it videos are refused.
    pub fn encoding_videos(
        self,
        service: VideoService,
        journal: Arc<dyn VideoJournal>,
        owner: &str,
        lease_ms: i64,
    ) -> Self {
        let films = FilmUploads::new(journal, owner, self.clock.now(), lease_ms);
        Self { videos: Some((service, Arc::new(films))), ..self }
    }
}

#[async_trait]
impl Connector for BlueskyConnector {
    fn platform(&self) -> Platform {
        Platform::Bluesky
    }

    fn working_on(&self, delivery: &DeliveryId) -> Arc<dyn Connector> {
        let work = delivery.as_str();
        let videos = self.videos.as_ref().map(|(service, films)| (service.working_on(work), Arc::clone(films)));
        Arc::new(Self { sessions: self.sessions.working_on(work), videos, ..self.clone() })
    }

    fn limits(&self) -> Limits {
        LIMITS
    }

    fn lay_out(&self, draft: &Draft) -> Vec<Part> {
        layout::parts_of(draft)
    }

    fn check(&self, draft: &Draft) -> Vec<Fault> {
        let parts = layout::lay_out(draft).parts;
        let mut faults = check::check(draft, &parts);
        faults.extend(ceiling::check(draft, parts.len(), self.sessions.budget().ceiling()));
        faults
    }

    fn preview(&self, draft: &Draft) -> Preview {
        preview::preview(draft)
    }

    fn parts(&self, content: &Value) -> Result<Vec<PartPreview>, Fault> {
        content::Content::read(content).map(preview::parts)
    }

    fn records(&self, account: &Account, content: &Value, due: Timestamp) -> Result<Vec<RecordPreview>, Fault> {
        preview::records(account, &content::Content::read(content)?, due)
    }

    async fn fit(&self, original: &LocalFile) -> Result<Usable, Fault> {
        self.fit_file(original).await
    }

    async fn caption(&self, original: &LocalFile) -> Result<Vec<u8>, Fault> {
        let original = original.clone();
        let read = tokio::task::spawn_blocking(move || films::read_caption(&original));
        read.await.map_err(|error| pictures::defect(&error))?
    }

    async fn cards(&self, draft: &Draft, originals: &dyn Originals) -> MadeCards {
        self.make_cards(draft, originals).await
    }

    async fn resolve(&self, account: &Account, draft: &Draft, attached: &Attached) -> Result<Resolved, Vec<Fault>> {
        self.resolve_draft(account, draft, attached).await
    }

    fn needs_upload(&self, account: &Account, content: &Value, due: Timestamp) -> bool {
        content::Content::read(content)
            .is_ok_and(|content| self.lacks_files(account, &content) || self.encoded(account, &content, due).is_none())
    }

    async fn upload(&self, account: &Account, content: &Value, due: Timestamp) -> Result<(), Obstacle> {
        let content = content::Content::read(content).map_err(Obstacle::Refused)?;
        // Its videos first, which take longest: what is small is then at the server for as long as can be.
        self.upload_films(account, &content, due).await?;
        self.upload_all(account, &content).await
    }

    async fn prepare(&self, account: &Account, content: &Value, stamp: Stamp) -> Result<Prepared, Obstacle> {
        let content = content::Content::read(content).map_err(Obstacle::Refused)?;
        let Some(encoded) =
            self.encoded(account, &content, stamp.frozen_at).filter(|_| !self.lacks_files(account, &content))
        else {
            return Err(Obstacle::Retry { at: Some(stamp.frozen_at), fault: pictures::not_uploaded() });
        };
        let (ready, verified) =
            tokio::join!(self.make_ready(account, stamp.first_created_at), self.verify(account, &content));
        ready?;
        verified?;
        prepare::freeze(account, &content, stamp, Some(&encoded)).map_err(Obstacle::Refused)
    }

    async fn arm(
        &self,
        account: &Account,
        prepared: &Prepared,
        fence: FenceFrom<'_>,
    ) -> Result<Box<dyn ArmedStep>, Obstacle> {
        self.arm_step(account, prepared, fence).await
    }

    async fn fence(&self, account: &Account, evidence: &Evidence) -> Result<(), Fault> {
        self.move_head(account, evidence).await
    }

    async fn unpublish(&self, account: &Account, records: &[RecordRef]) -> Result<(), Fault> {
        self.take_back(account, records).await
    }

    async fn witness(&self, account: &Account, prepared: &Prepared, evidence: &Evidence) -> Finding {
        self.look(account, prepared, evidence).await
    }
}

/// Something that this program stored and can no longer read: a defect, told rather than hidden.
pub(crate) fn unreadable(what: &str, detail: impl std::fmt::Display) -> Fault {
    Fault::new("stored_data_unreadable", Category::SystemError, format!("The stored {what} cannot be read: {detail}."))
        .next("Please report it, with the output of `skein queue show --json`.")
}
