use std::fmt;

use serde_json::{Value, json};

/// An error answer: status, name and message as the reference PDS words them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    error: &'static str,
    message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, error: &'static str, message: impl Into<String>) -> Self {
        Self { status, error, message: message.into() }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidRequest", message)
    }

    pub(crate) fn internal() -> Self {
        Self::new(500, "InternalServerError", "Internal Server Error")
    }

    /// A fault of the sandbox itself: logged, and answered like any other internal error.
    pub(crate) fn broken(error: &dyn fmt::Display) -> Self {
        tracing::error!(%error, "the sandbox could not answer");
        Self::internal()
    }

    pub(crate) fn not_implemented() -> Self {
        Self::new(501, "MethodNotImplemented", "Method Not Implemented")
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::new(401, "AuthenticationRequired", "Authentication Required")
    }

    pub(crate) fn auth_missing() -> Self {
        Self::new(401, "AuthMissing", "Authentication Required")
    }

    pub(crate) fn bad_token(message: &str) -> Self {
        Self::new(400, "InvalidToken", message)
    }

    pub(crate) fn token_expired() -> Self {
        Self::new(400, "ExpiredToken", "Token has expired")
    }

    pub(crate) fn token_revoked() -> Self {
        Self::new(400, "ExpiredToken", "Token has been revoked")
    }

    pub(crate) fn wrong_password() -> Self {
        Self::new(401, "AuthenticationRequired", "Invalid identifier or password")
    }

    pub(crate) fn account_not_found() -> Self {
        Self::new(403, "AccountNotFound", "Account not found")
    }

    pub(crate) fn deactivated() -> Self {
        Self::new(401, "AccountDeactivated", "Account is deactivated")
    }

    pub(crate) fn takedown() -> Self {
        Self::new(401, "AccountTakedown", "Account has been taken down")
    }

    pub(crate) fn commit_swap(head: &str) -> Self {
        Self::new(400, "InvalidSwap", format!("Commit was at {head}"))
    }

    pub(crate) fn blob_not_found(cid: &str) -> Self {
        Self::new(400, "BlobNotFound", format!("Could not find blob: {cid}"))
    }

    /// What a PDS answers when it passes a read on to an `AppView` that is not there.
    pub(crate) fn upstream() -> Self {
        Self::new(502, "UpstreamFailure", "Upstream service unreachable")
    }

    pub(super) fn to_json(&self) -> Value {
        json!({"error": self.error, "message": self.message})
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({} {})", self.message, self.status, self.error)
    }
}
