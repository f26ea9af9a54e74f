//! A delivery as columns, and back. What the columns repeat from the state is compared on the way back, also where a constraint holds them
//! to it; that one has ended may be unmarked, as processes leave it that do not know the mark.

use skein_domain::{AccountId, Delivery, DeliveryId, Lane, PostId, State};

use super::super::{from_json, to_json, unreadable};
use crate::StoreError;
use crate::instants::{instant, micros, micros_opt};
use crate::statement::Statement;

/// What [`Columns::bind`] binds.
macro_rules! names {
    () => {
        "id, post, account, lane, version, grace_ms, state, state_json, wake_at, armed_at, settled_at, attempts, lead_ms"
    };
}
pub(super) use names;

/// What [`Lasting::bind`] binds.
macro_rules! lasting_names {
    () => {
        "due, content, prepared"
    };
}
pub(super) use lasting_names;

/// The columns of a delivery.
#[derive(Debug)]
pub(crate) struct Columns {
    pub(super) id: String,
    pub(super) post: String,
    pub(super) account: String,
    pub(super) lane: String,
    pub(super) version: i64,
    pub(super) grace_ms: i64,
    pub(super) lead_ms: i64,
    pub(super) attempts: i64,
    pub(super) state: &'static str,
    pub(super) state_json: String,
    pub(super) wake_at: Option<i64>,
    pub(super) armed_at: Option<i64>,
    pub(super) settled_at: Option<i64>,
    pub(super) is_over: bool,
    pub(super) submitted_at: i64,
    pub(super) policy: Option<String>,
}

/// The columns that last from state to state. They hold most of a delivery, and the instant in them is in most of its indexes.
#[derive(Debug)]
pub(crate) struct Lasting {
    due: i64,
    content: String,
    prepared: Option<String>,
}

impl Lasting {
    pub(crate) fn of(delivery: &Delivery) -> Result<Self, StoreError> {
        Ok(Self {
            due: micros(delivery.due),
            content: to_json(&delivery.content, "the content")?,
            prepared: delivery.prepared.as_ref().map(|bytes| to_json(bytes, "the prepared bytes")).transpose()?,
        })
    }

    /// Binds them in the order of `lasting_names`.
    pub(super) fn bind<'q>(&'q self, statement: Statement<'q>) -> Statement<'q> {
        statement.bind(self.due).bind(&self.content).bind(&self.prepared)
    }
}

impl Columns {
    pub(crate) fn of(delivery: &Delivery) -> Result<Self, StoreError> {
        let (armed_at, settled_at) = match &delivery.state {
            State::Publishing { evidence, .. }
            | State::Settling { evidence, .. }
            | State::NeedsReview { evidence, .. } => (Some(evidence.armed_at), None),
            State::Published { receipt } | State::Removed { receipt } => (None, Some(receipt.settled_at)),
            _ => (None, None),
        };
        Ok(Self {
            id: delivery.id.as_str().to_owned(),
            post: delivery.post.as_str().to_owned(),
            account: delivery.account.as_str().to_owned(),
            lane: delivery.lane.as_str().to_owned(),
            version: delivery.version,
            grace_ms: delivery.grace_ms,
            lead_ms: delivery.lead_ms,
            attempts: i64::from(delivery.attempts),
            state: delivery.state.name().as_str(),
            state_json: to_json(&delivery.state, "the state")?,
            wake_at: micros_opt(delivery.state.wake_at()),
            armed_at: micros_opt(armed_at),
            settled_at: micros_opt(settled_at),
            is_over: delivery.state.name().is_over(),
            submitted_at: micros(delivery.submitted_at),
            policy: (!delivery.policy.is_unsaid()).then(|| to_json(&delivery.policy, "the policy")).transpose()?,
        })
    }

    /// Binds what changes from state to state, in the order of `names`.
    pub(super) fn bind<'q>(&'q self, statement: Statement<'q>) -> Statement<'q> {
        statement
            .bind(&self.id)
            .bind(&self.post)
            .bind(&self.account)
            .bind(&self.lane)
            .bind(self.version)
            .bind(self.grace_ms)
            .bind(self.state)
            .bind(&self.state_json)
            .bind(self.wake_at)
            .bind(self.armed_at)
            .bind(self.settled_at)
            .bind(self.attempts)
            .bind(self.lead_ms)
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    pub(crate) fn lane(&self) -> &str {
        &self.lane
    }
}

/// A row as it was read.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: String,
    post: String,
    account: String,
    lane: String,
    due: i64,
    grace_ms: i64,
    lead_ms: i64,
    content: String,
    prepared: Option<String>,
    state: String,
    state_json: String,
    wake_at: Option<i64>,
    attempts: i64,
    version: i64,
    submitted_at: i64,
    policy: Option<String>,
    is_over: i16,
}

impl Row {
    pub(super) fn read(self) -> Result<Delivery, StoreError> {
        let row = format!("delivery {}", self.id);
        let state: State = from_json(&self.state_json, &row, "state_json")?;
        if state.name().as_str() != self.state {
            return Err(unreadable(&row, "state", format_args!("`{}` is not what its data says", self.state)));
        }
        if micros_opt(state.wake_at()) != self.wake_at {
            return Err(unreadable(&row, "wake_at", "it is not what the state says"));
        }
        if self.is_over != 0 && !state.name().is_over() {
            return Err(unreadable(&row, "is_over", "it is not what the state says"));
        }
        Ok(Delivery {
            id: DeliveryId::parse(&self.id).map_err(|error| unreadable(&row, "id", error))?,
            post: PostId::parse(&self.post).map_err(|error| unreadable(&row, "post", error))?,
            account: AccountId::parse(&self.account).map_err(|error| unreadable(&row, "account", error))?,
            lane: Lane::stored(self.lane),
            due: instant(self.due).map_err(|error| unreadable(&row, "due", error))?,
            grace_ms: self.grace_ms,
            policy: self.policy.map(|text| from_json(&text, &row, "policy")).transpose()?.unwrap_or_default(),
            lead_ms: self.lead_ms,
            content: from_json(&self.content, &row, "content")?,
            prepared: self.prepared.map(|bytes| from_json(&bytes, &row, "prepared")).transpose()?,
            state,
            attempts: u32::try_from(self.attempts).map_err(|error| unreadable(&row, "attempts", error))?,
            version: self.version,
            submitted_at: instant(self.submitted_at).map_err(|error| unreadable(&row, "submitted_at", error))?,
        })
    }
}
