//! Read what is new in a list, one page a run, from cron for instance: each run goes on where the page that was taken before
//! ended. The session is kept as well, so that only the first run logs in.
//!
//! That needs a list that begins with its oldest entry, such as the records of a repository with `reverse=true`. Feeds and
//! notifications begin with the newest: their cursor walks to older ones, and never sees what came since.
//!
//! `cargo run --example poll com.atproto.repo.listRecords repo=bsky.app collection=app.bsky.feed.post reverse=true limit=50`

use std::sync::Arc;

use skein_bluesky::client::Builder;
use skein_journal::StoreJournal;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let journal = StoreJournal::in_folder(std::env::var("MEMORY").unwrap_or_else(|_| "memory".to_owned())).await?;
    let bsky = Builder::from_env()?.journal(Arc::new(journal)).login_from_env().await?;

    let words: Vec<String> = std::env::args().skip(1).collect();
    let (method, params) = words.split_first().ok_or("name a method")?;
    let params: Vec<_> = params.iter().filter_map(|param| param.split_once('=')).collect();
    let page = bsky.get(method, &params).cursor("cron").await?;
    println!("{}", page.json);
    // Whatever is done with the page is done by now. A page that is not taken comes again, which the end of the list is to do:
    // what is written later stands there, and after a last page that was taken the list would begin anew.
    if !page.is_last() {
        page.taken().await?;
    }
    bsky.flush().await;
    Ok(())
}
