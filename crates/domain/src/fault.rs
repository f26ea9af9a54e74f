//! The one error object: what was wrong, where, what the limit is, what was given, and what to do next.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How much of what was given a fault repeats, in characters.
const GIVEN_MAX_CHARS: usize = 200;

/// Whose move it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// The account must be connected again.
    AuthExpired,
    /// What was written or asked for cannot be published as it is.
    UserContent,
    /// The account is suspended, deactivated or not allowed to do this.
    AccountIssue,
    /// The platform refused for good.
    PlatformRejected,
    /// The platform failed or could not be reached; trying again helps.
    PlatformError,
    /// Too much in too short a time.
    RateLimit,
    /// This system failed.
    SystemError,
    /// Nobody knows.
    Unknown,
}

/// A refusal or a failure, as people and programs get it at every door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// A stable name for programs, such as `too_many_graphemes`.
    pub code: String,
    /// Whose move it is.
    pub category: Category,
    /// What happened, for people.
    pub message: String,
    /// Which account it concerns, where it concerns one: a handle or an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Which field of the request, such as `parts[2].text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The limit that was broken, with its unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// What was given, in the unit of the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<String>,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// When it may succeed, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// What a person can do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_step: Option<String>,
}

impl Fault {
    /// A fault with its name, its category and its words; the rest is added with the builders below.
    pub fn new(code: impl Into<String>, category: Category, message: impl Into<String>) -> Self {
        let retryable = matches!(category, Category::PlatformError | Category::RateLimit | Category::SystemError);
        Self {
            code: code.into(),
            category,
            message: message.into(),
            account: None,
            field: None,
            limit: None,
            given: None,
            retryable,
            retry_at: None,
            next_step: None,
        }
    }

    /// A fault of what was written or asked for.
    pub fn content(code: impl Into<String>, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::new(code, Category::UserContent, message) }
    }

    /// Names the account.
    pub fn of_account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Names the limit and what was given, in the same unit; of a long text its beginning.
    pub fn over(mut self, limit: impl fmt::Display, given: impl fmt::Display) -> Self {
        self.limit = Some(limit.to_string());
        self.given(given)
    }

    /// Repeats what was given; of a long text its beginning.
    pub fn given(mut self, given: impl fmt::Display) -> Self {
        self.given = Some(given.to_string().chars().take(GIVEN_MAX_CHARS).collect());
        self
    }

    /// Says when it may succeed.
    pub fn retry_at(mut self, at: Timestamp) -> Self {
        self.retry_at = Some(at);
        self.retryable = true;
        self
    }

    /// Says what to do next.
    pub fn next(mut self, step: impl Into<String>) -> Self {
        self.next_step = Some(step.into());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(step) = &self.next_step {
            write!(f, " {step}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

/// Something that does not stop a post but that its author should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// A stable name for programs.
    pub code: String,
    /// Which field it concerns.
    pub field: String,
    /// The words.
    pub message: String,
}

impl Warning {
    /// A warning about a field.
    pub fn new(code: impl Into<String>, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), field: field.into(), message: message.into() }
    }
}
