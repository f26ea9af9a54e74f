//! Six bugs put in on purpose, each as a decorator over a port: the simulation must find every one.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use serde_json::Value;
use skein_domain::ports::{Change, Guard, Ledger, LedgerError};
use skein_domain::{Delivery, Finding, Outcome, State};

/// A mistake that somebody could make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Over `Connector`: what is not known is taken for absent without a look.
    WitnessSkipped,
    /// Over `Ledger`: writes of engines do not check the fencing token, and every lease can be renewed.
    LeaseUnfenced,
    /// Over `Connector`: a lost answer and a 500 count as "not processed".
    RetryOnServerError,
    /// Over `Ledger`: a settled state and its story are two transactions.
    SettleInTwo,
    /// Over `Ledger`, for people: what is armed still looks as if it could be canceled.
    CancelIgnoresState,
    /// Over `Transport`: the same bytes sent again carry no `swapCommit`.
    ResendUnfenced,
}

impl Bug {
    /// The look at the platform, with the bug.
    pub(crate) fn finding(self, found: Finding) -> Finding {
        match self {
            Self::WitnessSkipped => Finding::AbsentFenced,
            _ => found,
        }
    }

    /// The answer to a write, with the bug.
    pub(crate) fn outcome(self, outcome: Outcome) -> Outcome {
        match (self, outcome) {
            (Self::RetryOnServerError, Outcome::Unknown(fault)) => Outcome::RetryAt { at: None, fault },
            (_, outcome) => outcome,
        }
    }

    /// What a process reads, with the bug.
    pub(crate) fn read(self, delivery: Delivery, is_engine: bool) -> Delivery {
        match (&delivery.state, self, is_engine) {
            (State::Publishing { wake_at, .. }, Self::CancelIgnoresState, false) => {
                let state = State::Ready { wake_at: *wake_at, waiting: None, earlier: None };
                Delivery { state, ..delivery }
            }
            _ => delivery,
        }
    }

    /// A write, with the bug.
    pub(crate) async fn save(self, to: &dyn Ledger, change: &Change) -> Result<(), LedgerError> {
        match self {
            Self::LeaseUnfenced => to.save(&Change { guard: Guard::VersionOnly, ..change.clone() }).await,
            Self::SettleInTwo if change.delivery.state.name().is_at_rest() && !change.story.is_empty() => {
                let state = Change { story: Vec::new(), ..change.clone() };
                to.save(&state).await?;
                let version = change.delivery.version + 1;
                let delivery = Delivery { version, ..change.delivery.clone() };
                let story =
                    Change { from_version: change.delivery.version, delivery, lane_clock: None, ..change.clone() };
                to.save(&story).await
            }
            _ => to.save(change).await,
        }
    }

    /// The answer to a renewal, with the bug.
    pub(crate) fn renewed(self, renewed: Result<(), LedgerError>) -> Result<(), LedgerError> {
        match (self, renewed) {
            (Self::LeaseUnfenced, Err(LedgerError::Lost)) => Ok(()),
            (_, renewed) => renewed,
        }
    }
}

/// Which bytes have left already.
#[derive(Debug, Default)]
pub(crate) struct Repeated {
    seen: Mutex<BTreeSet<Vec<u8>>>,
}

impl Repeated {
    /// The same bytes; without their fence if they leave again.
    pub(crate) fn unfenced(&self, body: &Bytes) -> Bytes {
        let is_first = self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(body.to_vec());
        match serde_json::from_slice::<Value>(body) {
            Ok(Value::Object(mut fields)) if !is_first => {
                fields.remove("swapCommit");
                Bytes::from(Value::Object(fields).to_string())
            }
            _ => body.clone(),
        }
    }
}
