//! A thread in one commit: all of its parts appear at once, or none.
//!
//! `cargo run --example thread`

use skein_bluesky::Client;
use skein_bluesky::client::Post;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bsky = Client::from_env().await?;
    let parts = ["Here is my first point (1/3)", "A second point goes on (2/3)", "And the end (3/3)"];
    for receipt in bsky.thread(parts.map(Post::new)).await? {
        println!("{}", receipt.uri);
    }
    bsky.flush().await;
    Ok(())
}
