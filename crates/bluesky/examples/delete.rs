//! Take a post back, with what said who may answer and quote it.
//!
//! `cargo run --example delete at://did:plc:…/app.bsky.feed.post/…`

use skein_bluesky::Client;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bsky = Client::from_env().await?;
    let address = std::env::args().nth(1).ok_or("give the address of a post")?;
    bsky.delete(&address).await?;
    println!("{address} is gone.");
    bsky.flush().await;
    Ok(())
}
