//! Cursors: reading a list page by page, and going on where the last reader stopped.
//!
//! A cursor belongs to an account, a method and a name of the reader's choice. It is kept only once the reader says that it
//! has taken the page, so what breaks off in between is read again and never skipped.

use std::sync::Arc;

use serde::Deserialize;
use skein_atproto::syntax::{Did, Nsid};
use thiserror::Error;

use crate::journal::{Journal, JournalError};
use crate::session::{Now, SessionError};
use crate::xrpc::{CallError, Response};

/// Pages that are read at most, unless the reader says otherwise.
pub const DEFAULT_PAGES: usize = 20;

/// What a cursor belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CursorKey {
    /// As whom the list is read; `None` for nobody.
    pub account: Option<Did>,
    /// The method.
    pub method: Nsid,
    /// The reader's own name for it.
    pub name: String,
}

/// Where reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin<'a> {
    /// Where the last page that was taken ended; at the beginning the first time.
    Kept,
    /// At the beginning; what was kept is replaced with the first page that is taken.
    Start,
    /// At this cursor; what was kept is replaced with the first page that is taken.
    Cursor(&'a str),
}

/// A list could not be read on.
#[derive(Debug, Error)]
pub enum PageError {
    /// The call failed.
    #[error(transparent)]
    Call(#[from] SessionError),
    /// Where reading stopped could not be read or kept.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// A list, page by page. Give each page back with [`Pages::taken`], or it comes again the next time.
pub struct Pages<F> {
    ask: F,
    journal: Arc<dyn Journal>,
    now: Now,
    key: CursorKey,
    state: State,
    left: usize,
}

enum State {
    /// The next page begins here.
    At(Option<String>),
    /// The list has ended.
    Ended,
}

/// One page.
#[derive(Debug)]
pub struct Page {
    /// The answer.
    pub response: Response,
    /// Where the next page begins; `None` on the last one.
    pub cursor: Option<String>,
}

impl<F, R> Pages<F>
where
    F: FnMut(Option<String>) -> R,
    R: Future<Output = Result<Response, SessionError>>,
{
    /// A reader of a list. `ask` makes the call with the cursor that it is given. At most `at_most` pages are read.
    ///
    /// # Errors
    /// [`PageError::Journal`] when where to begin cannot be read.
    pub async fn open(
        journal: Arc<dyn Journal>,
        now: Now,
        key: CursorKey,
        from: Begin<'_>,
        at_most: usize,
        ask: F,
    ) -> Result<Self, PageError> {
        let begin = match from {
            Begin::Kept => journal.cursor(&key).await?,
            Begin::Start => None,
            Begin::Cursor(cursor) => Some(cursor.to_owned()),
        };
        Ok(Self { ask, journal, now, key, state: State::At(begin), left: at_most })
    }

    /// The next page; `None` at the end of the list, or when as many were read as were wanted. Nothing is kept yet.
    ///
    /// # Errors
    /// [`PageError::Call`], after which the same page can be asked for again.
    pub async fn next(&mut self) -> Result<Option<Page>, PageError> {
        let State::At(cursor) = &self.state else { return Ok(None) };
        if self.left == 0 {
            return Ok(None);
        }
        let response = (self.ask)(cursor.clone()).await?;
        let next = next_cursor(&response).map_err(|error| PageError::Call(SessionError::Call(error)))?;
        // A server that gives back the cursor that it was given would be asked for ever.
        let next = next.filter(|next| Some(next) != cursor.as_ref());
        self.left -= 1;
        self.state = next.clone().map_or(State::Ended, |next| State::At(Some(next)));
        Ok(Some(Page { response, cursor: next }))
    }

    /// The reader has taken the page: the next reader goes on after it. After the last page of a list the next reader
    /// begins anew.
    ///
    /// # Errors
    /// [`PageError::Journal`] when that cannot be kept; the page comes again the next time.
    pub async fn taken(&self, page: &Page) -> Result<(), PageError> {
        Ok(self.journal.put_cursor(&self.key, page.cursor.as_deref(), (self.now)()).await?)
    }
}

fn next_cursor(response: &Response) -> Result<Option<String>, CallError> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        cursor: Option<String>,
    }
    let Body { cursor } = response.json()?;
    Ok(cursor.filter(|cursor| !cursor.is_empty()))
}
