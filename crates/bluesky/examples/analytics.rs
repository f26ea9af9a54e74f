//! How posts fare, what somebody posted, what was answered, and who wrote of something. Only the search needs an account.
//!
//! `cargo run --example analytics bsky.app geese`

use skein_bluesky::Client;
use skein_bluesky::reads::{FeedFilter, ThreadNode};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bsky = Client::from_env().await?;
    let mut words = std::env::args().skip(1);
    let (author, wanted) = words.next().zip(words.next()).ok_or("name an author and a word")?;

    let feed = bsky.author_feed(&author, FeedFilter::PostsNoReplies, None, 25).await?;
    let uris: Vec<&str> = feed.feed.iter().flatten().map(|item| item.post.uri.as_str()).collect();
    for (uri, counts) in uris.iter().zip(bsky.counts(&uris).await?) {
        match counts {
            Some(counts) => println!("{uri}: {} likes, {} reposts", counts.likes, counts.reposts),
            None => println!("{uri}: not seen"),
        }
    }
    if let Some(first) = uris.last()
        && let ThreadNode::Post(thread) = bsky.conversation(first, 6, 0).await?
    {
        println!("{} has {} answers", thread.post.record["text"], thread.replies.len());
    }
    let found = bsky.get("app.bsky.feed.searchPosts", &[("q", &wanted)]).await?;
    println!("{} posts with {wanted}", found["posts"].as_array().map_or(0, Vec::len));
    bsky.flush().await;
    Ok(())
}
