//! `skein counts`: how posts fare.

use std::collections::HashMap;

use serde_json::{Value, json};
use skein_bluesky::reads;
use skein_bluesky::session::SessionError;
use skein_domain::Fault;

use super::call::failed;
use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::render::reads::{counts_object, counts_table};

/// The most posts of one command: forty calls.
const POSTS_MOST: usize = 1_000;

/// The command line of `counts`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// At-uris, addresses on bsky.app, ids of own posts, ref:NAME, or last; 25 are asked for in one call
    #[arg(value_name = "POST", required = true)]
    pub(crate) posts: Vec<String>,
}

/// Shows likes, reposts, answers, quotes and bookmarks. Of an own post every part is counted.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    // Before anybody is asked whose handles these are.
    bounded(args.posts.len())?;
    let house = app.house().await?;
    let (mut uris, mut known) = (Vec::with_capacity(args.posts.len()), HashMap::new());
    for post in &args.posts {
        uris.extend(house.addresses_among(post, &mut known).await?);
    }
    bounded(uris.len())?;
    let (xrpc, appview) = house.reader();
    let budget = house.sessions.budget();
    let counts = reads::counts(&xrpc, appview, Some(budget), &uris).await;
    let counts = counts.map_err(|error| failed(&SessionError::Call(error)))?;
    let posts: Vec<_> = uris.iter().map(ToString::to_string).zip(counts).collect();
    if app.screen.is_json() {
        let told = posts.iter().map(|(uri, counts)| json!({"uri": uri, "counts": counts.as_ref().map(counts_object)}));
        app.screen.object(&json!({ "posts": told.collect::<Vec<Value>>() }));
    } else {
        app.screen.lines(counts_table(&posts));
    }
    Ok(Exit::Done)
}

fn bounded(posts: usize) -> Result<(), Failure> {
    if posts <= POSTS_MOST {
        return Ok(());
    }
    let message = format!("Up to {POSTS_MOST} posts are counted at once, and these are {posts}.");
    let fault = Fault::content("too_many_posts", "post", message);
    let fault = fault.over(format!("{POSTS_MOST} posts"), format!("{posts} posts"));
    Err(Failure::new(Exit::Usage, fault, ""))
}
