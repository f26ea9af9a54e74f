//! `skein feed`: what somebody posted.

use serde_json::json;
use skein_atproto::syntax::{AtIdentifier, Nsid};
use skein_bluesky::cursor::{Begin, CursorKey, Pages};
use skein_bluesky::reads::{FEED_PAGE_MOST, FeedFilter, FeedItem, FeedPage, Unreadable};
use skein_bluesky::session::SessionError;
use skein_bluesky::xrpc::Auth;
use skein_domain::Fault;

use super::call::{failed, unread};
use crate::app::App;
use crate::exit::{Exit, Failure, sentence};
use crate::render::reads::{post_lines, post_object, unreadable_line, unreadable_object};
use crate::screen::Line;
use crate::wiring::{House, now_of};

const METHOD: &str = "app.bsky.feed.getAuthorFeed";

/// The command line of `feed`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Whose, by handle or DID [default: the connected account's]
    #[arg(value_name = "HANDLE", conflicts_with = "account")]
    pub(crate) actor: Option<String>,
    /// At most so many posts
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u8).range(1..=i64::from(FEED_PAGE_MOST)))]
    pub(crate) limit: u8,
    /// Which of them
    #[arg(long, value_name = "KIND", value_enum, default_value_t = Kind::All)]
    pub(crate) only: Kind,
    /// Go on where the last reader of this name stopped, and remember where this one does; a name is for one HANDLE
    #[arg(long, value_name = "NAME")]
    pub(crate) cursor_name: Option<String>,
    /// Begin anew, whatever is remembered
    #[arg(long, requires = "cursor_name")]
    pub(crate) rewind: bool,
    /// Which connected account [default: the only one there is]
    #[arg(long, value_name = "HANDLE")]
    pub(crate) account: Option<String>,
}

/// Posts of which kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// All, answers included.
    All,
    /// No answers at all.
    Posts,
    /// No answers to others; an own thread only where one page holds all of it
    Threads,
    /// With pictures or videos.
    Media,
    /// With videos.
    Video,
}

impl Kind {
    fn filter(self) -> FeedFilter {
        match self {
            Self::All => FeedFilter::PostsWithReplies,
            Self::Posts => FeedFilter::PostsNoReplies,
            Self::Threads => FeedFilter::PostsAndAuthorThreads,
            Self::Media => FeedFilter::PostsWithMedia,
            Self::Video => FeedFilter::PostsWithVideo,
        }
    }
}

/// Shows a page of what somebody posted, newest first, reposts included.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let actor = match &args.actor {
        Some(actor) => parse(actor)?,
        None => house.acting(args.account.as_deref()).await?.into(),
    };
    let (xrpc, appview) = house.reader();
    let limit = args.limit.to_string();
    let (xrpc, limit, actor) = (&xrpc, limit.as_str(), actor.as_str());
    let ask = |cursor: Option<String>| async move {
        let mut params = vec![("actor", actor), ("filter", args.only.filter().as_str()), ("limit", limit)];
        params.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        xrpc.get(appview, METHOD, &params, Auth::None).await.map_err(SessionError::Call)
    };
    let method = Nsid::parse(METHOD).map_err(|error| Failure::system("internal", sentence(&error.to_string())))?;
    // Lists of several people under one name would go on at each other's places.
    let name = args.cursor_name.as_ref().map(|name| format!("{name} of {actor}"));
    let key = CursorKey { account: None, method, name: name.clone().unwrap_or_default() };
    let begin = if name.is_some() && !args.rewind { Begin::Kept } else { Begin::Start };
    let pages = Pages::open(house.journal.clone(), now_of(&house.clock), key, begin, 1, ask).await;
    let mut pages = pages.map_err(|error| unread(&error))?;
    let Some(page) = pages.next().await.map_err(|error| unread(&error))? else { return Ok(Exit::Done) };
    // The page knows better than the answer whether there is more: a server may say an empty cursor, or the same one again.
    let FeedPage { feed, .. } = page.response.json().map_err(|error| failed(&SessionError::Call(error)))?;
    tell(app, &house, &feed, page.cursor.as_deref());
    // A page that could not be printed is not taken: it comes again.
    if name.is_some() && !app.screen.is_broken() {
        pages.taken(&page).await.map_err(|error| unread(&error))?;
    }
    Ok(Exit::Done)
}

fn tell(app: &App, house: &House, feed: &[Result<FeedItem, Unreadable>], cursor: Option<&str>) {
    if app.screen.is_json() {
        let told = |item: &Result<FeedItem, Unreadable>| match item {
            Ok(item) => post_object(&item.post, reason(item)),
            Err(post) => unreadable_object(post),
        };
        app.screen.object(&json!({"feed": feed.iter().map(told).collect::<Vec<_>>(), "cursor": cursor}));
        return;
    }
    let eye = app.eye(house);
    for item in feed {
        match item {
            Ok(item) => app.screen.lines(post_lines(&item.post, reason(item), 0, &eye)),
            Err(post) => app.screen.line(unreadable_line(post, 0)),
        }
        app.screen.line(Line::blank());
    }
    app.screen.line(if cursor.is_some() { "There is more." } else { "That is all." });
}

fn parse(actor: &str) -> Result<AtIdentifier, Failure> {
    let name = actor.trim();
    AtIdentifier::parse(name.strip_prefix('@').unwrap_or(name)).map_err(|error| {
        let fault = Fault::content("actor_invalid", "actor", sentence(&error.to_string())).given(actor);
        Failure::new(Exit::Usage, fault, "")
    })
}

fn reason(item: &FeedItem) -> Option<&'static str> {
    match item.reason.as_ref()?["$type"].as_str()? {
        "app.bsky.feed.defs#reasonRepost" => Some("reposted"),
        "app.bsky.feed.defs#reasonPin" => Some("pinned"),
        _ => None,
    }
}
