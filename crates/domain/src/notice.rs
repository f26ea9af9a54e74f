//! Notices: what somebody is to be told. They are kept in the outbox in the transaction of the change that they are about.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

use crate::story::Line;
use crate::{AccountId, Delivery, DeliveryId, Event, Fault, PostId, Standing, State};

/// A text that is not the id of a notice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not the id of a notice: `ntc_`, then at most {MAX_ID_CHARS} lower-case letters, digits and `_`")]
pub struct NoticeIdError {
    given: String,
}

const MAX_ID_CHARS: usize = 60;

/// The id of a notice, `ntc_…`. It follows from what the notice is about, so the same change never makes two.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NoticeId(String);

impl NoticeId {
    /// What every id of a notice begins with.
    pub const PREFIX: &'static str = "ntc_";

    /// Reads an id.
    pub fn parse(given: &str) -> Result<Self, NoticeIdError> {
        let is_id = given.strip_prefix(Self::PREFIX).is_some_and(|rest| {
            (1..=MAX_ID_CHARS).contains(&rest.len())
                && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        });
        if is_id { Ok(Self(given.to_owned())) } else { Err(NoticeIdError { given: given.chars().take(80).collect() }) }
    }

    /// A version of a delivery is written once.
    fn of_delivery(id: &DeliveryId, version: i64) -> Self {
        Self::of(id.as_str().trim_start_matches(DeliveryId::PREFIX), version)
    }

    fn of_account(id: &AccountId, at: Timestamp) -> Self {
        Self::of(id.as_str().trim_start_matches(AccountId::PREFIX), at.as_microsecond())
    }

    fn of(subject: &str, number: i64) -> Self {
        Self(format!("{}{subject}_{}", Self::PREFIX, number.unsigned_abs()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NoticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for NoticeId {
    type Error = NoticeIdError;
    fn try_from(given: String) -> Result<Self, NoticeIdError> {
        Self::parse(&given)
    }
}

impl From<NoticeId> for String {
    fn from(id: NoticeId) -> String {
        id.0
    }
}

/// What happened that somebody must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum News {
    /// A delivery is provably not public, and will not be by itself.
    Failed {
        /// Why.
        fault: Fault,
    },
    /// A delivery was not sent, because its time had passed too long ago.
    Missed {
        /// How late it was when it was given up, in milliseconds.
        late_by_ms: i64,
    },
    /// It cannot be known whether a delivery is public; a person decides.
    NeedsReview {
        /// What is known, and what is not.
        fault: Fault,
    },
    /// An account cannot write any more.
    NeedsReconnect {
        /// What the platform said.
        fault: Fault,
    },
}

impl News {
    /// The names of all kinds, as they stand in the database and are told.
    pub const NAMES: [&'static str; 4] = ["failed", "missed", "needs_review", "needs_reconnect"];

    /// The name of its kind.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Failed { .. } => "failed",
            Self::Missed { .. } => "missed",
            Self::NeedsReview { .. } => "needs_review",
            Self::NeedsReconnect { .. } => "needs_reconnect",
        }
    }

    /// What went wrong, where something did.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Failed { fault } | Self::NeedsReview { fault } | Self::NeedsReconnect { fault } => Some(fault),
            Self::Missed { .. } => None,
        }
    }
}

/// Something that somebody is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its id; it stays the same however often it is told.
    pub id: NoticeId,
    /// When it happened.
    pub at: Timestamp,
    /// The account that it concerns.
    pub account: AccountId,
    /// The post and the delivery, where it concerns one.
    pub delivery: Option<(PostId, DeliveryId)>,
    /// What happened.
    pub news: News,
}

impl Notice {
    /// What a line of the story means to those who are told; `delivery` is as the event left it. Nothing where all is well, where
    /// something happens next by itself, or where a person did it.
    pub fn of_line(delivery: &Delivery, line: &Line) -> Option<Self> {
        let news = match (&delivery.state, &line.event) {
            (State::Failed { .. }, Event::PersonGaveUp { .. }) => return None,
            (State::Failed { fault }, _) => News::Failed { fault: fault.clone() },
            (State::Missed { late_by_ms }, _) => News::Missed { late_by_ms: *late_by_ms },
            (State::NeedsReview { review, .. }, _) => News::NeedsReview { fault: review.fault.clone() },
            _ => return None,
        };
        Some(Self {
            id: NoticeId::of_delivery(&delivery.id, delivery.version),
            at: line.at,
            account: delivery.account.clone(),
            delivery: Some((delivery.post.clone(), delivery.id.clone())),
            news,
        })
    }

    /// What a change of an account's standing means: told once, when it becomes unusable.
    pub fn of_standing(account: &AccountId, was: &Standing, is: &Standing, at: Timestamp) -> Option<Self> {
        match (was, is) {
            (Standing::Active, Standing::NeedsReconnect { fault }) => Some(Self {
                id: NoticeId::of_account(account, at),
                at,
                account: account.clone(),
                delivery: None,
                news: News::NeedsReconnect { fault: fault.clone() },
            }),
            _ => None,
        }
    }

    /// What it is about: its post, else its account. Notices about one thing are told in their order.
    pub fn subject(&self) -> &str {
        self.delivery.as_ref().map_or(self.account.as_str(), |(post, _)| post.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Category;

    #[test]
    fn ids_are_read_back_and_others_refused() {
        for id in ["ntc_01k8x7gqv3_7", "ntc_a"] {
            assert_eq!(NoticeId::parse(id).unwrap().as_str(), id);
        }
        let long = format!("ntc_{}", "a".repeat(MAX_ID_CHARS + 1));
        for other in ["", "ntc_", "post_a", "ntc_A", "ntc_a\r\nBcc: b", &long] {
            assert!(NoticeId::parse(other).is_err(), "{other}");
        }
    }

    #[test]
    fn an_account_is_told_once_when_it_is_lost() {
        let account = AccountId::parse("acc_01k8x7gqv3m5n2p4r6s8t0v1w4").unwrap();
        let fault = Fault::new("needs_login", Category::AuthExpired, "The session ended.");
        let lost = Standing::NeedsReconnect { fault: fault.clone() };
        let at = Timestamp::from_microsecond(1_772_355_600_000_007).unwrap();
        let told = Notice::of_standing(&account, &Standing::Active, &lost, at).unwrap();
        assert_eq!(told.news, News::NeedsReconnect { fault });
        assert_eq!(told.id.as_str(), "ntc_01k8x7gqv3m5n2p4r6s8t0v1w4_1772355600000007");
        assert_eq!((told.subject(), NoticeId::parse(told.id.as_str()).unwrap()), (account.as_str(), told.id.clone()));
        for (was, is) in [(&lost, &lost), (&lost, &Standing::Active), (&Standing::Active, &Standing::Active)] {
            assert_eq!(Notice::of_standing(&account, was, is, at), None);
        }
    }

    #[test]
    fn every_kind_is_told_under_its_name() {
        let fault = Fault::new("x", Category::Unknown, "X.");
        let all = [
            News::Failed { fault: fault.clone() },
            News::Missed { late_by_ms: 1 },
            News::NeedsReview { fault: fault.clone() },
            News::NeedsReconnect { fault },
        ];
        assert_eq!(all.each_ref().map(News::name), News::NAMES);
        for news in &all {
            assert_eq!(serde_json::to_value(news).unwrap()["event"], news.name());
        }
    }
}
