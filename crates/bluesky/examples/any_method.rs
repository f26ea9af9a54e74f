//! Any method of the protocol, and the HTTP side of its answer.
//!
//! `cargo run --example any_method`

use jiff::Timestamp;
use serde_json::json;
use skein_bluesky::Client;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bsky = Client::from_env().await?;
    let me = bsky.did().ok_or("nobody is logged in")?.as_str();

    // A procedure: the input is JSON, or bytes of any kind with `call_bytes`.
    let record = json!({"$type": "app.bsky.feed.post", "text": "Hello Bluesky", "createdAt": written_at()});
    let input = json!({"repo": me, "collection": "app.bsky.feed.post", "record": record});
    let created = bsky.call("com.atproto.repo.createRecord", input).await?;
    println!("{}", created["uri"]);

    // A query: parameters by name.
    let params = [("repo", me), ("collection", "app.bsky.feed.post"), ("limit", "17")];
    let list = bsky.get("com.atproto.repo.listRecords", &params).await?;
    let count = list["records"].as_array().map_or(0, Vec::len);
    println!("{count} posts, {} in {:?} from {}", list.http.status, list.http.duration, list.http.url.path());
    println!("{:?}", list.http.headers.rate_limit);
    bsky.flush().await;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a program has the machine's clock")]
fn written_at() -> Timestamp {
    Timestamp::now()
}
