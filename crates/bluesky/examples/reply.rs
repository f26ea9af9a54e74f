//! Answers: to anybody's post by its address, and to one's own. Parent and root are found.
//!
//! `cargo run --example reply https://bsky.app/profile/bsky.app/post/3l6oveex3ii2l`

use skein_bluesky::Client;
use skein_bluesky::client::Post;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bsky = Client::from_env().await?;
    let address = std::env::args().nth(1).ok_or("give the address of a post")?;
    let answer = bsky.post(Post::new("π").reply_to(address)).await?;
    let after = bsky.post(Post::new("And one more thing").reply_to(answer.uri.as_str())).await?;
    println!("{}\n{}", answer.uri, after.uri);
    bsky.flush().await;
    Ok(())
}
