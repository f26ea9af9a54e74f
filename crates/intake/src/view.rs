//! A post with its deliveries, in the shape that every door shows.

use jiff::Timestamp;
use serde::Serialize;
use skein_domain::ports::QueueFilter;
use skein_domain::story::{self, Line};
use skein_domain::{
    Account, Delivery, DeliveryId, Draft, Fault, Part, Post, PostId, PostName, PostStatus, Receipt, RecordRef,
    ShownPolicy, State, StateName, Stop, Warning,
};
use std::collections::BTreeMap;

use crate::{Intake, IntakeError};

/// A post as the API returns it.
#[derive(Debug, Clone, Serialize)]
pub struct PostView {
    /// The post's id.
    pub id: PostId,
    /// One word for all its deliveries.
    pub status: PostStatus,
    /// The worst delivery of each network.
    pub platforms: BTreeMap<String, PostStatus>,
    /// What was written; where it is laid out, its parts as they are published.
    pub parts: Vec<Part>,
    /// The instant at which it goes out.
    pub scheduled_at: Timestamp,
    /// The zone in which its author thinks of it.
    pub timezone: String,
    /// The truth, account by account.
    pub deliveries: Vec<DeliveryView>,
    /// What whoever submitted it calls it.
    #[serde(rename = "ref")]
    pub name: Option<PostName>,
    /// What failed.
    pub errors: Vec<Fault>,
    /// What its author should know.
    pub warnings: Vec<Warning>,
}

/// A delivery as the API returns it.
#[derive(Debug, Clone, Serialize)]
pub struct DeliveryView {
    /// The delivery's id.
    pub id: DeliveryId,
    /// The account's handle.
    pub account: String,
    /// The network.
    pub platform: String,
    /// Where it stands.
    pub state: StateName,
    /// Why it waits or stopped, in words.
    pub reason: Option<String>,
    /// When it is looked at next.
    pub wake_at: Option<Timestamp>,
    /// The instant at which its request should leave.
    pub due: Timestamp,
    /// What holds when it is late or fails.
    #[serde(flatten)]
    pub policy: ShownPolicy,
    /// Whether somebody said so: its author, or its workspace.
    #[serde(skip)]
    pub says_policy: bool,
    /// Where a person can look at it.
    pub url: Option<String>,
    /// The address of the first record.
    pub uri: Option<String>,
    /// The hash of the first record.
    pub cid: Option<String>,
    /// All records, in the order of the parts.
    pub records: Vec<RecordRef>,
    /// When it was certain that it is public.
    pub published_at: Option<Timestamp>,
    /// How late the request left.
    pub lateness_ms: Option<i64>,
    /// Requests armed.
    pub attempts: u32,
    /// What went wrong.
    pub error: Option<Fault>,
    /// The proof, once it is public.
    pub receipt: Option<Receipt>,
}

impl Intake {
    /// A post with its deliveries.
    pub async fn view(&self, post: Post, warnings: Vec<Warning>) -> Result<PostView, IntakeError> {
        let deliveries = self.deliveries_of(&post.id).await?;
        let ids: Vec<String> = deliveries.iter().map(|delivery| delivery.account.to_string()).collect();
        let accounts = self.ledger.accounts_called(&self.workspace, &ids).await?;
        let states: Vec<_> = deliveries.iter().map(|delivery| delivery.state.name()).collect();
        let parts = self.parts_of(&post.draft, &deliveries, &accounts);
        let views: Vec<_> = deliveries.iter().map(|delivery| delivery_view(delivery, &accounts)).collect();
        let mut platforms: BTreeMap<String, Vec<StateName>> = BTreeMap::new();
        for view in &views {
            platforms.entry(view.platform.clone()).or_default().push(view.state);
        }
        Ok(PostView {
            id: post.id,
            status: PostStatus::of(&states),
            platforms: platforms.into_iter().map(|(name, states)| (name, PostStatus::of(&states))).collect(),
            parts,
            scheduled_at: deliveries.iter().map(|delivery| delivery.due).min().unwrap_or(post.due),
            timezone: post.zone,
            name: post.named.map(|named| named.name),
            errors: views.iter().filter_map(|view| view.error.clone()).collect(),
            deliveries: views,
            warnings,
        })
    }

    /// The parts as they were written, or laid out as the platform of the first delivery takes them.
    fn parts_of(&self, draft: &Draft, deliveries: &[Delivery], accounts: &[Account]) -> Vec<Part> {
        if draft.layout.is_plain() {
            return draft.parts.clone();
        }
        let first = deliveries.first().and_then(|first| accounts.iter().find(|account| account.id == first.account));
        let connector = match first {
            Some(account) => self.connectors.get(&account.platform),
            None => self.connectors.values().next(),
        };
        connector.map_or_else(|| draft.parts.clone(), |connector| connector.lay_out(draft))
    }

    /// The posts whose deliveries are in these states (all that are not at rest when empty), earliest due first.
    pub async fn list(&self, states: Vec<StateName>, at_most: usize) -> Result<Vec<PostView>, IntakeError> {
        let filter = QueueFilter { states, at_most, ..QueueFilter::default() };
        let mut seen = Vec::new();
        for delivery in self.ledger.queue(&filter).await? {
            if !seen.contains(&delivery.post) {
                seen.push(delivery.post);
            }
        }
        let mut views = Vec::with_capacity(seen.len());
        for id in seen {
            let post = self.ledger.post(&id).await?;
            if post.workspace == self.workspace {
                views.push(self.view(post, Vec::new()).await?);
            }
        }
        Ok(views)
    }

    /// What happened to a delivery, in order.
    pub async fn story(&self, delivery: &DeliveryId) -> Result<Vec<Line>, IntakeError> {
        Ok(self.ledger.story(delivery).await?)
    }
}

fn delivery_view(delivery: &Delivery, accounts: &[Account]) -> DeliveryView {
    let account = accounts.iter().find(|account| account.id == delivery.account);
    let receipt = match &delivery.state {
        State::Published { receipt } | State::Removed { receipt } => Some(receipt.clone()),
        _ => None,
    };
    let records = receipt.as_ref().map(|receipt| receipt.records.clone()).unwrap_or_default();
    let first = records.first().cloned();
    DeliveryView {
        id: delivery.id.clone(),
        account: account.map_or_else(|| delivery.account.to_string(), |account| account.handle.clone()),
        platform: account.map_or_else(String::new, |account| account.platform.to_string()),
        state: delivery.state.name(),
        reason: reason(&delivery.state),
        wake_at: delivery.state.wake_at(),
        due: delivery.due,
        policy: delivery.policy.into(),
        says_policy: !delivery.policy.is_unsaid(),
        url: receipt.as_ref().and_then(|receipt| receipt.url.clone()),
        uri: first.as_ref().map(|record| record.uri.clone()),
        cid: first.map(|record| record.cid),
        records,
        published_at: receipt.as_ref().map(|receipt| receipt.settled_at),
        lateness_ms: receipt.as_ref().map(|receipt| receipt.lateness_ms),
        attempts: delivery.attempts,
        error: error(&delivery.state),
        receipt,
    }
}

fn reason(state: &State) -> Option<String> {
    match state {
        State::Scheduled { waiting, .. } | State::Ready { waiting, .. } => waiting.as_ref().map(story::waits),
        State::Blocked { stop: Stop::Held, .. } => Some("Held: it goes out after `skein release`.".to_owned()),
        State::Blocked { stop: Stop::Account { fault }, .. }
        | State::Settling { fault, .. }
        | State::Failed { fault } => Some(fault.to_string()),
        State::NeedsReview { review, .. } => Some(review.fault.to_string()),
        State::Missed { late_by_ms } => Some(format!("Its time had passed {} ago.", story::span(*late_by_ms))),
        _ => None,
    }
}

fn error(state: &State) -> Option<Fault> {
    match state {
        State::Failed { fault } | State::Blocked { stop: Stop::Account { fault }, .. } => Some(fault.clone()),
        State::NeedsReview { review, .. } => Some(review.fault.clone()),
        _ => None,
    }
}
