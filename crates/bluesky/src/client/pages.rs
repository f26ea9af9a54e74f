use std::fmt;
use std::future::IntoFuture;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

use skein_atproto::syntax::Nsid;

use super::answer::Answer;
use super::ask::Ask;
use super::error::ClientError;
use crate::cursor::{Begin, CursorKey, PageError, Pages};
use crate::session::SessionError;
use crate::xrpc::Response;

type Asked = Pin<Box<dyn Future<Output = Result<Response, SessionError>> + Send>>;
type AskFor = Box<dyn FnMut(Option<String>) -> Asked + Send + Sync>;

/// One page of a list, asked for when it is awaited.
#[derive(Clone, Debug)]
#[must_use = "nothing is asked before it is awaited"]
pub struct Bookmark {
    ask: Ask,
    name: String,
    rewound: bool,
}

impl Bookmark {
    pub(super) fn new(ask: Ask, name: &str) -> Self {
        Self { ask, name: name.to_owned(), rewound: false }
    }

    /// Begins at the beginning; what was kept is replaced once this page is taken.
    pub fn rewind(self) -> Self {
        Self { rewound: true, ..self }
    }

    async fn send(self) -> Result<Bookmarked, ClientError> {
        let begin = if self.rewound { Begin::Start } else { Begin::Kept };
        let mut reader = Reader::open(self.ask, &self.name, begin, 1).await?;
        let page = reader.next().await?;
        page.ok_or_else(|| ClientError::Journal(crate::journal::JournalError::new("a reader of one page gave none")))
    }
}

impl IntoFuture for Bookmark {
    type Output = Result<Bookmarked, ClientError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// A list, page by page. Say [`Bookmarked::taken`] of each page, or it comes again the next time.
pub struct Reader {
    pages: Pages<AskFor>,
    keeper: Keeper,
}

#[derive(Clone)]
struct Keeper {
    client: super::Client,
    key: Arc<CursorKey>,
}

/// One page. Nothing is kept until it is [taken](Bookmarked::taken).
#[must_use = "a page that is not taken comes again the next time"]
pub struct Bookmarked {
    answer: Answer,
    next: Option<String>,
    keeper: Keeper,
}

impl Reader {
    pub(super) async fn open(ask: Ask, name: &str, from: Begin<'_>, at_most: usize) -> Result<Self, ClientError> {
        let Ask { client, nsid, params } = ask;
        let method = Nsid::parse(&nsid).map_err(ClientError::Method)?;
        let key = CursorKey { account: client.account.clone(), method, name: name.to_owned() };
        let (journal, now) = (Arc::clone(&client.inner.journal), Arc::clone(&client.inner.now));
        let keeper = Keeper { client: client.clone(), key: Arc::new(key.clone()) };
        let ask: AskFor = Box::new(move |cursor| {
            let (client, nsid, params) = (client.clone(), nsid.clone(), params.clone());
            Box::pin(async move {
                let given = params.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                let at = cursor.as_deref().map(|cursor| ("cursor", cursor));
                let params: Vec<_> = given.filter(|(name, _)| *name != "cursor").chain(at).collect();
                client.fetch(&nsid, &params).await
            })
        });
        let pages = Pages::open(journal, now, key, from, at_most, ask).await?;
        Ok(Self { pages, keeper })
    }

    /// The next page; `None` at the end of the list, or when as many were read as may be at once.
    ///
    /// # Errors
    /// Those of the call, after which the same page can be asked for again.
    pub async fn next(&mut self) -> Result<Option<Bookmarked>, ClientError> {
        let Some(page) = self.pages.next().await? else { return Ok(None) };
        let answer = Answer::of(page.response)?;
        Ok(Some(Bookmarked { answer, next: page.cursor, keeper: self.keeper.clone() }))
    }
}

impl Bookmarked {
    /// The page is done with: the next reader goes on after it. After the last page the next reader begins anew.
    ///
    /// # Errors
    /// If that cannot be kept; the page then comes again.
    pub async fn taken(&self) -> Result<(), ClientError> {
        let Keeper { client, key } = &self.keeper;
        let inner = &client.inner;
        Ok(inner.journal.put_cursor(key, self.next.as_deref(), (inner.now)()).await?)
    }

    /// Whether the list ends with this page.
    pub fn is_last(&self) -> bool {
        self.next.is_none()
    }
}

impl Deref for Bookmarked {
    type Target = Answer;

    fn deref(&self) -> &Answer {
        &self.answer
    }
}

impl fmt::Debug for Bookmarked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bookmarked").field("answer", &self.answer).field("next", &self.next).finish_non_exhaustive()
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("key", &self.keeper.key).finish_non_exhaustive()
    }
}

impl From<PageError> for ClientError {
    fn from(error: PageError) -> Self {
        match error {
            PageError::Call(error) => Self::Session(error),
            PageError::Journal(error) => Self::Journal(error),
        }
    }
}
