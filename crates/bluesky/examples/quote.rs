//! A quote, labels, and who may answer and quote.
//!
//! `cargo run --example quote https://bsky.app/profile/bsky.app/post/3l6oveex3ii2l`

use skein_bluesky::Client;
use skein_bluesky::client::{ClientError, MayAnswer, Post};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bsky = Client::from_env().await?;
    let address = std::env::args().nth(1).ok_or("give the address of a post")?;
    let post = Post::new("Worth reading")
        .quote(&address)
        .labels(["!no-unauthenticated"])
        .tags(["reading"])
        .answered_by([MayAnswer::Mentioned, MayAnswer::Followers])
        .no_quotes();
    match bsky.post(post).await {
        Ok(receipt) => {
            println!("{}", receipt.uri);
            receipt.gates.iter().for_each(|gate| println!("{gate}"));
        }
        Err(ClientError::NotToBeQuoted { .. }) => println!("Its author does not let it be quoted."),
        Err(error) => return Err(error.into()),
    }
    bsky.flush().await;
    Ok(())
}
