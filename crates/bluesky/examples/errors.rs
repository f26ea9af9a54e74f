//! What can go wrong, told apart; and the row of the call log that tells more.
//!
//! `cargo run --example errors`

use std::sync::Arc;

use skein_bluesky::client::{Builder, ClientError, Post};
use skein_bluesky::journal::MemoryJournal;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let journal = Arc::new(MemoryJournal::new());
    let bsky = Builder::from_env()?.journal(journal.clone()).login_from_env().await?;

    match bsky.post(Post::new("x".repeat(301))).await {
        // What cannot be posted is known before anything is sent.
        Err(error @ ClientError::Post { .. }) => println!("refused here: {error}"),
        // The answer was lost. Look there before you post it again.
        Err(ClientError::MayBePosted { uri, .. }) => println!("look for {uri}"),
        Err(error) if error.is_transient() => println!("later: {error}"),
        other => println!("{other:?}"),
    }

    if let Err(error) = bsky.get("com.atproto.repo.getRecord", &[("repo", "bsky.app")]).await {
        println!("refused there: {error}");
        bsky.flush().await;
        let rows = journal.calls();
        let row = rows.iter().find(|row| Some(row.id.as_str()) == error.call()).ok_or("it is not logged")?;
        println!("{} {} {} {:?} {:?}", row.id, row.verb, row.method, row.status, row.message);
    }
    Ok(())
}
