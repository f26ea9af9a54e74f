//! Lists that are read page by page, and where the next reader goes on.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use skein_atproto::syntax::Nsid;
use skein_bluesky::cursor::{Begin, CursorKey, Page, PageError, Pages};
use skein_bluesky::journal::{Journal, MemoryJournal};
use skein_bluesky::session::SessionError;
use skein_bluesky::xrpc::{Auth, XrpcClient};
use skein_net::AllowPrivate;

use crate::network::{Network, Reply, did, http, now, refusal};

const METHOD: &str = "app.bsky.feed.getTimeline";

struct List {
    network: Network,
    journal: Arc<MemoryJournal>,
}

impl List {
    /// Three pages: the first is asked for without a cursor.
    async fn of_three() -> Self {
        let list = Self { network: Network::start().await, journal: Arc::new(MemoryJournal::new()) };
        list.pages(&[Some("b"), Some("c"), None]);
        list
    }

    fn pages(&self, cursors: &[Option<&str>]) {
        for cursor in cursors {
            let page = cursor.map_or(json!({"feed": []}), |cursor| json!({"feed": [], "cursor": cursor}));
            self.network.order("getTimeline", Reply::Json(200, page));
        }
    }

    fn key(name: &str) -> CursorKey {
        CursorKey { account: Some(did()), method: Nsid::parse(METHOD).unwrap(), name: name.to_owned() }
    }

    /// Reads `count` pages and takes them, but for the last `untaken`. Returns what was asked for, and how it ended.
    async fn read(&self, from: Begin<'_>, count: usize, untaken: usize) -> (Vec<Option<String>>, Option<PageError>) {
        let xrpc = XrpcClient::new(http(AllowPrivate::None)).allowing(&self.network.pds());
        let asked = Mutex::new(Vec::new());
        let ask = |cursor: Option<String>| {
            asked.lock().unwrap().push(cursor.clone());
            let (xrpc, pds) = (xrpc.clone(), self.network.pds());
            async move {
                let parameters: Vec<(&str, &str)> = cursor.iter().map(|cursor| ("cursor", cursor.as_str())).collect();
                xrpc.get(&pds, METHOD, &parameters, Auth::None).await.map_err(SessionError::Call)
            }
        };
        let mut pages =
            Pages::open(self.journal.clone(), Arc::new(now), Self::key("home"), from, count, ask).await.unwrap();
        let mut read: Vec<Page> = Vec::new();
        let error = loop {
            match pages.next().await {
                Ok(Some(page)) => read.push(page),
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        for page in &read[..read.len() - untaken.min(read.len())] {
            pages.taken(page).await.unwrap();
        }
        drop(pages);
        (asked.into_inner().unwrap(), error)
    }

    async fn kept(&self) -> Option<String> {
        self.journal.cursor(&Self::key("home")).await.unwrap()
    }
}

fn cursors(texts: &[Option<&str>]) -> Vec<Option<String>> {
    texts.iter().map(|text| text.map(str::to_owned)).collect()
}

#[tokio::test]
async fn the_next_reader_goes_on_where_the_last_one_stopped() {
    let list = List::of_three().await;
    assert_eq!(list.read(Begin::Kept, 1, 0).await.0, cursors(&[None]));
    assert_eq!(list.kept().await.as_deref(), Some("b"));
    assert_eq!(list.read(Begin::Kept, 9, 0).await.0, cursors(&[Some("b"), Some("c")]));
    assert_eq!(list.kept().await, None, "the list has ended, so the next reader begins anew");
}

#[tokio::test]
async fn a_page_that_was_not_taken_comes_again() {
    let list = List::of_three().await;
    list.read(Begin::Kept, 2, 1).await;
    assert_eq!(list.kept().await.as_deref(), Some("b"));
}

#[tokio::test]
async fn a_reader_may_begin_elsewhere() {
    let list = List::of_three().await;
    list.read(Begin::Kept, 1, 0).await;
    assert_eq!(list.read(Begin::Cursor("x"), 1, 1).await.0, cursors(&[Some("x")]));
    assert_eq!(list.kept().await.as_deref(), Some("b"), "nothing was taken, so nothing was replaced");
    assert_eq!(list.read(Begin::Start, 1, 0).await.0, cursors(&[None]));
    assert_eq!(list.kept().await, None);
}

#[tokio::test]
async fn a_call_that_fails_loses_nothing() {
    let list = List { network: Network::start().await, journal: Arc::new(MemoryJournal::new()) };
    list.pages(&[Some("b")]);
    list.network.order("getTimeline", refusal(500, "InternalServerError", "No."));
    let (asked, error) = list.read(Begin::Kept, 9, 0).await;
    assert_eq!(asked, cursors(&[None, Some("b")]));
    assert!(matches!(error, Some(PageError::Call(_))), "{error:?}");
    assert_eq!(list.kept().await.as_deref(), Some("b"));
}

#[tokio::test]
async fn a_server_that_repeats_its_cursor_ends_the_list() {
    let list = List { network: Network::start().await, journal: Arc::new(MemoryJournal::new()) };
    list.pages(&[Some("b"), Some("b"), Some("b")]);
    assert_eq!(list.read(Begin::Kept, 9, 0).await.0, cursors(&[None, Some("b")]));
}

#[tokio::test]
async fn names_methods_and_accounts_do_not_mix() {
    let journal = MemoryJournal::new();
    let one = List::key("one");
    journal.put_cursor(&one, Some("a"), now()).await.unwrap();
    let others = [
        List::key("two"),
        CursorKey { account: None, ..one.clone() },
        CursorKey { method: Nsid::parse("app.bsky.feed.getFeed").unwrap(), ..one.clone() },
    ];
    for other in others {
        assert_eq!(journal.cursor(&other).await.unwrap(), None, "{other:?}");
    }
    assert_eq!(journal.cursor(&one).await.unwrap().as_deref(), Some("a"));
}

#[tokio::test]
async fn what_is_no_page_is_an_error() {
    let list = List { network: Network::start().await, journal: Arc::new(MemoryJournal::new()) };
    list.network.order("getTimeline", Reply::Json(200, Value::String("no page".to_owned())));
    assert!(list.read(Begin::Kept, 1, 0).await.1.is_some());
}
