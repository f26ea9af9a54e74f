//! Log in, see that it worked, and post.
//!
//! `BLUESKY_HANDLE=you.bsky.social BLUESKY_PASSWORD=… cargo run --example post "Hello, Bluesky!"`

use skein_bluesky::Client;
use skein_bluesky::client::Post;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bsky = Client::from_env().await?;
    let session = bsky.get("com.atproto.server.getSession", &[]).await?;
    println!("Connected as {}", session["handle"]);

    let text = std::env::args().nth(1).unwrap_or_else(|| "Hello, Bluesky!".to_owned());
    let receipt = bsky.post(Post::new(text)).await?;
    println!("{} is {}", receipt.uri, receipt.cid);
    bsky.flush().await;
    Ok(())
}
