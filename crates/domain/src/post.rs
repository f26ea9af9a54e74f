//! What a person wrote: parts, options and a time.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{PostId, Warning, WorkspaceId};

/// One part of a post. A post of several parts is a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The words, as they were written.
    pub text: String,
}

/// What is asked to be published, before anything was checked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Draft {
    /// One part, or more for a thread.
    pub parts: Vec<Part>,
    /// What it answers: an at-uri, the address of a post on bsky.app, or the id of an own post.
    pub reply_to: Option<String>,
    /// Languages, as BCP-47 tags.
    pub langs: Vec<String>,
}

/// A post that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// The post's id.
    pub id: PostId,
    /// Who owns it.
    pub workspace: WorkspaceId,
    /// What was written.
    pub draft: Draft,
    /// The instant that was asked for at submission; each delivery has its own, which may have been moved since.
    pub due: Timestamp,
    /// The zone in which its author thinks of that instant.
    pub zone: String,
    /// When it was accepted.
    pub submitted_at: Timestamp,
}

/// What a connector made of a draft for one account: everything looked up and fixed, so that the preview is the post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The connector's own form of the content; nobody else reads it.
    pub content: Value,
    /// What the author should know.
    pub warnings: Vec<Warning>,
}
