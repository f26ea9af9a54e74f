//! Bluesky, and every other host of the AT Protocol.

mod answers;
mod capabilities;
mod check;
mod content;
mod layout;
mod pictures;
mod prepare;
mod preview;
mod publish;
mod reply;
mod resolve;
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
    Account, Category, Draft, Evidence, Fault, Finding, Fitted, Part, PartPreview, Picture, Platform, Prepared,
    Preview, RecordPreview, Resolved,
};
use std::sync::Arc;
use tokio::sync::Semaphore;
use url::Url;

pub use capabilities::LIMITS;
pub use preview::preview;

/// The connector for Bluesky.
pub struct BlueskyConnector {
    sessions: Sessions,
    identities: Identities,
    xrpc: XrpcClient,
    clock: Arc<dyn Clock>,
    media: Arc<dyn MediaFiles>,
    web: Option<Url>,
    fits: Semaphore,
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
        let fits = Semaphore::new(pictures::FITS_AT_ONCE);
        Self { sessions, identities, xrpc, clock, media, web, fits, uploads: Arc::default() }
    }
}

#[async_trait]
impl Connector for BlueskyConnector {
    fn platform(&self) -> Platform {
        Platform::Bluesky
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
        _account: &Account,
        draft: &Draft,
        pictures: &[Vec<Picture>],
    ) -> Result<Resolved, Vec<Fault>> {
        self.resolve_draft(draft, pictures).await
    }

    async fn prepare(
        &self,
        account: &Account,
        content: &Value,
        stamp: Stamp,
        until: Timestamp,
    ) -> Result<Prepared, Obstacle> {
        let content = content::Content::read(content).map_err(Obstacle::Refused)?;
        let (ready, verified) = tokio::join!(self.make_ready(account, stamp.first_created_at), self.verify(&content));
        ready?;
        verified?;
        self.upload_all(account, &content, until).await?;
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

    async fn witness(&self, account: &Account, prepared: &Prepared, evidence: &Evidence) -> Finding {
        self.look(account, prepared, evidence).await
    }
}

/// Something that this program stored and can no longer read: a defect, told rather than hidden.
pub(crate) fn unreadable(what: &str, detail: impl std::fmt::Display) -> Fault {
    Fault::new("stored_data_unreadable", Category::SystemError, format!("The stored {what} cannot be read: {detail}."))
        .next("Please report it, with the output of `skein queue show --json`.")
}
