//! Mentions, links and tags: found in plain text, written as Markdown, or placed by hand.
//!
//! `cargo run --example rich_text alice.bsky.social`

use skein_bluesky::Client;
use skein_bluesky::client::Post;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bsky = Client::from_env().await?;
    let friend = std::env::args().nth(1).ok_or("name somebody to mention")?;

    let found = Post::new(format!("Hello @{friend}, more at https://example.com #rust")).langs(["en"]);
    let markdown = Post::markdown("Click [here](https://bsky.app/) to go to Bluesky");
    let by_hand = Post::new("Click here to go to Bluesky").facet(6, 10, "https://bsky.app/");
    for post in [found, markdown, by_hand] {
        let receipt = bsky.post(post).await?;
        println!("{}", receipt.uri);
        // A mention that leads to nobody stays text, and is told here.
        receipt.warnings.iter().for_each(|warning| println!("  {warning}"));
    }
    bsky.flush().await;
    Ok(())
}
