//! The connector as the simulation uses it: the real one, but that pictures are taken as they are, and that a bug may sit here.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use skein_domain::outcome::Obstacle;
use skein_domain::ports::{ArmedStep, Connector, FenceFrom, Limits, LocalFile, Originals, Stamp};
use skein_domain::{
    Account, Attached, DeliveryId, Draft, Evidence, Fault, Finding, Fitted, MadeCards, Outcome, Part, PartPreview,
    Platform, Prepared, Preview, RecordPreview, RecordRef, Resolved, Usable,
};

use crate::bugs::Bug;

/// The bytes of every picture: nobody looks at them.
pub(crate) const PICTURE: &[u8] = b"a picture";

/// The decorator.
pub(crate) struct ProcessConnector {
    pub(crate) inner: Arc<dyn Connector>,
    pub(crate) bug: Option<Bug>,
}

struct BuggyStep {
    inner: Box<dyn ArmedStep>,
    bug: Bug,
}

#[async_trait]
impl ArmedStep for BuggyStep {
    fn fence(&self) -> &Value {
        self.inner.fence()
    }

    async fn send(self: Box<Self>) -> Outcome {
        self.bug.outcome(self.inner.send().await)
    }
}

#[async_trait]
impl Connector for ProcessConnector {
    fn platform(&self) -> Platform {
        self.inner.platform()
    }

    fn working_on(&self, delivery: &DeliveryId) -> Arc<dyn Connector> {
        Arc::new(Self { inner: self.inner.working_on(delivery), bug: self.bug })
    }

    fn limits(&self) -> Limits {
        self.inner.limits()
    }

    fn lay_out(&self, draft: &Draft) -> Vec<Part> {
        self.inner.lay_out(draft)
    }

    fn check(&self, draft: &Draft) -> Vec<Fault> {
        self.inner.check(draft)
    }

    fn preview(&self, draft: &Draft) -> Preview {
        self.inner.preview(draft)
    }

    fn parts(&self, content: &Value) -> Result<Vec<PartPreview>, Fault> {
        self.inner.parts(content)
    }

    fn records(&self, account: &Account, content: &Value, due: Timestamp) -> Result<Vec<RecordPreview>, Fault> {
        self.inner.records(account, content, due)
    }

    /// Fitting runs on another thread, whose time nobody can repeat.
    async fn fit(&self, _original: &LocalFile) -> Result<Usable, Fault> {
        let (bytes, mime) = (PICTURE.to_vec(), "image/jpeg".to_owned());
        Ok(Usable::Picture(Fitted { bytes, mime, width: 2, height: 1, losses: Vec::new() }))
    }

    async fn caption(&self, original: &LocalFile) -> Result<Vec<u8>, Fault> {
        self.inner.caption(original).await
    }

    async fn cards(&self, draft: &Draft, originals: &dyn Originals) -> MadeCards {
        self.inner.cards(draft, originals).await
    }

    async fn resolve(&self, account: &Account, draft: &Draft, attached: &Attached) -> Result<Resolved, Vec<Fault>> {
        self.inner.resolve(account, draft, attached).await
    }

    fn needs_upload(&self, account: &Account, content: &Value, due: Timestamp) -> bool {
        self.inner.needs_upload(account, content, due)
    }

    async fn upload(&self, account: &Account, content: &Value, due: Timestamp) -> Result<(), Obstacle> {
        self.inner.upload(account, content, due).await
    }

    async fn prepare(&self, account: &Account, content: &Value, stamp: Stamp) -> Result<Prepared, Obstacle> {
        self.inner.prepare(account, content, stamp).await
    }

    async fn arm(
        &self,
        account: &Account,
        prepared: &Prepared,
        fence: FenceFrom<'_>,
    ) -> Result<Box<dyn ArmedStep>, Obstacle> {
        let inner = self.inner.arm(account, prepared, fence).await?;
        Ok(match self.bug {
            Some(bug) => Box::new(BuggyStep { inner, bug }),
            None => inner,
        })
    }

    async fn fence(&self, account: &Account, evidence: &Evidence) -> Result<(), Fault> {
        self.inner.fence(account, evidence).await
    }

    async fn unpublish(&self, account: &Account, records: &[RecordRef]) -> Result<(), Fault> {
        self.inner.unpublish(account, records).await
    }

    async fn witness(&self, account: &Account, prepared: &Prepared, evidence: &Evidence) -> Finding {
        let found = self.inner.witness(account, prepared, evidence).await;
        self.bug.map_or_else(|| found.clone(), |bug| bug.finding(found.clone()))
    }
}
