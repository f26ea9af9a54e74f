use skein_atproto::record::RecordError;
use skein_atproto::syntax::{AtUri, Cid, SyntaxError};
use thiserror::Error;

use crate::identity::IdentityError;
use crate::journal::JournalError;
use crate::session::{LoginError, SessionError};

/// What a client could not do.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The client is nobody's.
    #[error("{doing} needs an account: build the client with login or resume instead of anonymous")]
    NotLoggedIn {
        /// The method.
        doing: String,
    },
    /// There is nothing to run on.
    #[error("a client needs a running Tokio runtime: build it in an async function")]
    NoRuntime,
    /// An environment variable is missing, or cannot be used.
    #[error("{name}: {reason}")]
    Setting {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// That is no address of a post.
    #[error("{0}")]
    Address(SyntaxError),
    /// The HTTP client cannot be made.
    #[error("the HTTP client cannot be made: {0}")]
    Setup(String),
    /// No method has that name.
    #[error("{0}")]
    Method(SyntaxError),
    /// The login failed.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The call failed, or the session has ended.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The memory failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// What was to be posted cannot be. Nothing was sent, not even a picture.
    #[error("part {part}: {error}; nothing was sent")]
    Post {
        /// Which part of a thread, from 1; 1 for a single post.
        part: usize,
        /// What is wrong.
        error: PostError,
    },
    /// Too few or too many parts.
    #[error("a thread has 1 to {limit} parts, gates counted like parts, and this has {given}; nothing was sent")]
    Parts {
        /// What one call takes.
        limit: usize,
        /// What was given.
        given: usize,
    },
    /// Somebody who is mentioned, or the author of what is answered, could not be looked up, or does not exist.
    #[error("{0}; nothing was posted")]
    Identity(IdentityError),
    /// Somebody could not be looked up, or does not exist.
    #[error("{0}")]
    Lookup(IdentityError),
    /// What is answered or quoted does not exist, or is something else.
    #[error("{uri} is not there, or is no post that can be answered; nothing was posted; check the address")]
    NoSuchPost {
        /// The address, by DID.
        uri: AtUri,
    },
    /// The list of who may answer does not exist.
    #[error("the list {uri} is not there; nothing was posted; check the address")]
    NoSuchList {
        /// The address, by DID.
        uri: AtUri,
    },
    /// Its author does not let it be quoted.
    #[error("the author of {uri} does not let it be quoted; nothing was posted; answer it instead")]
    NotToBeQuoted {
        /// What was to be quoted.
        uri: AtUri,
    },
    /// A record of somebody else cannot be deleted.
    #[error("{given:?} is no record of this account, so it cannot be deleted; nothing was sent")]
    NotOwn {
        /// The address that was given.
        given: String,
    },
    /// The answer to the write was lost: the post may be there. Look before sending it again, or it may be there twice.
    #[error("{error}; whether it was posted is not known: look for {uri} before you post it again")]
    MayBePosted {
        /// Where the first part is, if it is there.
        uri: AtUri,
        /// What happened.
        error: SessionError,
    },
    /// The server wrote something else than it was given.
    #[error("{uri} was written as {found} instead of {expected}: the server changed the record")]
    Changed {
        /// Where it is.
        uri: AtUri,
        /// The hash of what was sent.
        expected: Cid,
        /// The hash that the server tells.
        found: Cid,
    },
    /// An uploaded file is not what was sent.
    #[error(
        "the server keeps a file of {expected} as {found}; nothing was posted; it may have been changed on the way"
    )]
    ChangedFile {
        /// The hash of what was sent.
        expected: Cid,
        /// The hash that the server tells.
        found: Cid,
    },
}

/// Why a post cannot be posted as it is.
#[derive(Debug, Error)]
pub enum PostError {
    /// No text and nothing beneath it.
    #[error(
        "the text is empty, and there is nothing else to show: write something, or add a picture, a card or a video"
    )]
    Empty,
    /// More than what is allowed.
    #[error("{field} takes up to {limit} {unit}, and this has {given}: shorten it")]
    TooLong {
        /// What is too long.
        field: String,
        /// How long it may be.
        limit: usize,
        /// In what that is counted.
        unit: &'static str,
        /// How long it is.
        given: usize,
    },
    /// A language tag that is none.
    #[error("langs: {0}")]
    Lang(SyntaxError),
    /// A tag of no length, or with its `#`.
    #[error("tags: {given:?} is no tag: write it without # and without spaces around it")]
    Tag {
        /// The tag.
        given: String,
    },
    /// A facet that is not within the text, or leads nowhere.
    #[error("facet {start}..{end}: {reason}")]
    Facet {
        /// Its first byte.
        start: usize,
        /// The byte after its last.
        end: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// A file that is empty, is no picture, or has no size.
    #[error("{field}: {reason}")]
    Image {
        /// Which picture.
        field: String,
        /// What is wrong.
        reason: String,
    },
    /// A picture in the Markdown whose bytes were not given.
    #[error("the text shows the picture {source_name:?}, which was not given: add it with Post::picture")]
    PictureNotGiven {
        /// As it stands in the Markdown.
        source_name: String,
    },
    /// A picture that no Markdown shows.
    #[error(
        "the picture {source_name:?} was given, and the text does not show it: write ![alt]({source_name}), or use Post::image"
    )]
    PictureNotShown {
        /// As it was given.
        source_name: String,
    },
    /// The address of the card is none.
    #[error("the card leads to {given:?}, which is no http or https address")]
    CardAddress {
        /// What was given.
        given: String,
    },
    /// More than one thing beneath a text.
    #[error("a post shows pictures, a card or a video, and this has several of them: leave all but one out")]
    SeveralEmbeds,
    /// What is answered cannot be read.
    #[error("reply_to: {0}")]
    ReplyTo(SyntaxError),
    /// Something else than a post is to be answered.
    #[error("reply_to: {collection} is no post, and only posts can be answered")]
    ReplyToNoPost {
        /// The kind of record.
        collection: String,
    },
    /// Who may answer is told by something else than a list.
    #[error("answered_by: {given:?} is no list: give at://…/app.bsky.graph.list/…")]
    NoList {
        /// The address that was given.
        given: String,
    },
    /// A later part of a thread answers the part before it.
    #[error("reply_to stands on the first part of a thread only: each other part answers the one before it")]
    ReplyInThread,
    /// What is quoted cannot be read.
    #[error("quote: {0}")]
    Quote(SyntaxError),
    /// Something that no app shows as a quote.
    #[error("quote: {collection} cannot be quoted; posts, feeds, lists and starter packs can")]
    NotQuotable {
        /// The kind of record.
        collection: String,
    },
    /// A label that authors do not give.
    #[error("labels: {given:?} is no label of an author; there are {}", super::check::LABELS.join(", "))]
    Label {
        /// The label.
        given: String,
    },
    /// Who may answer is said where it counts for nothing.
    #[error("answered_by stands on the first part of a thread that answers nothing: it holds for all of it")]
    GateInThread,
    /// The record cannot be written.
    #[error("the record cannot be written: {0}")]
    Record(RecordError),
}

impl ClientError {
    /// Whether the same may succeed later without anybody doing anything. Of [`ClientError::MayBePosted`] it is not said.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Session(error) => error.is_transient(),
            Self::Journal(_) | Self::Login(LoginError::RateLimited { .. }) => true,
            Self::Identity(error) | Self::Lookup(error) => error.is_transient(),
            Self::Login(LoginError::Unreachable { transient, .. }) => *transient,
            _ => false,
        }
    }

    /// The row of the call log that tells more.
    pub fn call(&self) -> Option<&str> {
        match self {
            Self::Session(error) | Self::MayBePosted { error, .. } => error.call()?.call(),
            _ => None,
        }
    }
}
