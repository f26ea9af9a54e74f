//! What is spent and left of every limit, counted before the server has to say no.
//!
//! `cargo run --example limits`

use skein_bluesky::Client;
use skein_bluesky::client::Post;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bsky = Client::from_env().await?;
    bsky.post(Post::new("This costs three points.")).await?;
    bsky.flush().await;
    for gauge in bsky.sessions().budget().gauges().await? {
        println!("{}: {} of {} used", gauge.meter.kind().as_str(), gauge.used, gauge.limit);
    }
    Ok(())
}
