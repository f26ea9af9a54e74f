//! Pictures: beneath a text, in Markdown, on a link card, and uploaded by hand.
//!
//! They are sent as they are: what a camera wrote into the file, such as the place, goes out too. A picture takes up to 2,000,000
//! bytes and that of a card up to 1,000,000, so that the card has a small one of its own.
//!
//! `cargo run --example images cat.jpg small.jpg`

use skein_bluesky::Client;
use skein_bluesky::client::{Image, Post};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bsky = Client::from_env().await?;
    let mut names = std::env::args().skip(1);
    let file = std::fs::read(names.next().ok_or("name a picture")?)?;
    let small = std::fs::read(names.next().ok_or("name a small picture for the card")?)?;
    let cat = Image::read(file.clone(), "My cat asleep on a keyboard").ok_or("that is no picture")?;

    let four = (0..4).fold(Post::new("Look at these four:"), |post, _| post.image(cat.clone()));
    let markdown =
        Post::markdown("Look\n\n![My cat, awake](cat.jpg)").picture("cat.jpg", Image { alt: String::new(), ..cat });
    let card =
        Post::new("Here's a link:").external("https://example.com/", "Example", "In few words", Some(small.into()));
    for post in [four, markdown, card] {
        println!("{}", bsky.post(post).await?.uri);
    }

    let blob = bsky.upload_blob("image/jpeg", file).await?;
    println!("{} of {} bytes", blob.cid, blob.size);
    bsky.flush().await;
    Ok(())
}
