//! `skein show`: a post, what it answers, and what answers it.

use skein_bluesky::reads::{self, DEPTH_MOST, PARENTS_MOST, ThreadNode};
use skein_bluesky::session::SessionError;
use skein_domain::{Category, Fault};

use super::call::failed;
use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::render::reads::{thread_lines, thread_object};

/// The command line of `show`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// An at-uri, an address on bsky.app, the id of an own post, ref:NAME, or last
    #[arg(value_name = "POST")]
    pub(crate) post: String,
    /// How deep answers are shown
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u16).range(0..=i64::from(DEPTH_MOST)))]
    pub(crate) depth: u16,
    /// How many posts above it are shown
    #[arg(long, value_name = "N", default_value_t = PARENTS_MOST, value_parser = clap::value_parser!(u16).range(0..=i64::from(PARENTS_MOST)))]
    pub(crate) parents: u16,
}

/// Shows a post among those around it; of an own thread its first part, which all others answer.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let uris = house.addresses(&args.post).await?;
    let Some(uri) = uris.first() else { return Ok(Exit::Done) };
    let (xrpc, appview) = house.reader();
    let thread = reads::thread(&xrpc, appview, uri, args.depth, args.parents).await;
    let thread = thread.map_err(|error| failed(&SessionError::Call(error)))?;
    if let ThreadNode::NotFound(uri) = &thread {
        let message = "This post is not shown: it was deleted or taken down, is too new, or never was.";
        let fault = Fault::new("post_not_shown", Category::PlatformRejected, message).given(uri);
        return Err(Failure::new(Exit::Failed, fault, ""));
    }
    if app.screen.is_json() {
        app.screen.object(&thread_object(&thread));
    } else {
        app.screen.lines(thread_lines(&thread, &app.eye(&house)));
    }
    Ok(Exit::Done)
}
