//! Bluesky, and every other host of the AT Protocol.

mod answers;
mod capabilities;
mod check;
mod content;
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
use skein_bluesky::session::Sessions;
use skein_bluesky::xrpc::XrpcClient;
use skein_domain::outcome::Obstacle;
use skein_domain::ports::{ArmedStep, Clock, Connector, Limits, MediaFiles, Stamp};
use skein_domain::{
    Account, Category, DeliveryId, Draft, Evidence, Fault, Finding, Fitted, Part, PartPreview, Picture, Platform,
    Prepared, Preview, RecordPreview, RecordRef, Resolved,
};
use std::sync::Arc;
use tokio::sync::Semaphore;
use url::Url;

pub use capabilities::LIMITS;
pub use preview::preview;

/// The connector for Bluesky. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct BlueskyConnector {
    sessions: Sessions,
    identities: Identities,
    xrpc: XrpcClient,
    clock: Arc<dyn Clock>,
    media: Arc<dyn MediaFiles>,
    web: Option<Url>,
    fits: Arc<Semaphore>,
    uploads: Arc<pictures::Uploads>,
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
        Self { sessions, identities, xrpc, clock, media, web, fits, uploads: Arc::default() }
    }
}

#[async_trait]
impl Connector for BlueskyConnector {
    fn platform(&self) -> Platform {
        Platform::Bluesky
    }

    fn working_on(&self, delivery: &DeliveryId) -> Arc<dyn Connector> {
        Arc::new(Self { sessions: self.sessions.working_on(delivery.as_str()), ..self.clone() })
    }

    fn limits(&self) -> Limits {
        LIMITS
    }

    fn lay_out(&self, draft: &Draft) -> Vec<Part> {
        let laid = layout::lay_out(draft).parts;
        laid.into_iter().map(|part| Part { text: part.text, media: part.media }).collect()
    }

    fn check(&self, draft: &Draft) -> Vec<Fault> {
        check::check(draft, &layout::lay_out(draft).parts)
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

    async fn fit(&self, original: Vec<u8>) -> Result<Fitted, Fault> {
        self.fit_picture(original).await
    }

    async fn resolve(
        &self,
        account: &Account,
        draft: &Draft,
        pictures: &[Vec<Picture>],
    ) -> Result<Resolved, Vec<Fault>> {
        self.resolve_draft(account, draft, pictures).await
    }

    fn needs_upload(&self, account: &Account, content: &Value) -> bool {
        content::Content::read(content).is_ok_and(|content| self.lacks_pictures(account, &content))
    }

    async fn upload(&self, account: &Account, content: &Value) -> Result<(), Obstacle> {
        self.upload_all(account, &content::Content::read(content).map_err(Obstacle::Refused)?).await
    }

    async fn prepare(&self, account: &Account, content: &Value, stamp: Stamp) -> Result<Prepared, Obstacle> {
        let content = content::Content::read(content).map_err(Obstacle::Refused)?;
        if self.lacks_pictures(account, &content) {
            return Err(Obstacle::Retry { at: Some(stamp.frozen_at), fault: pictures::not_uploaded() });
        }
        let (ready, verified) =
            tokio::join!(self.make_ready(account, stamp.first_created_at), self.verify(account, &content));
        ready?;
        verified?;
        prepare::freeze(account, &content, stamp).map_err(Obstacle::Refused)
    }

    async fn arm(
        &self,
        account: &Account,
        prepared: &Prepared,
        earlier: Option<&Evidence>,
    ) -> Result<Box<dyn ArmedStep>, Obstacle> {
        self.arm_step(account, prepared, earlier).await
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
