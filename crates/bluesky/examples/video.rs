//! A video: sent to the service that encodes it, waited for, and shown beneath a text.
//!
//! `cargo run --example video film.mp4`

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use skein_bluesky::Client;
use skein_bluesky::client::{Post, Receipt};
use skein_bluesky::video::{Presentation, Tell, UploadState, VideoEmbed, VideoFile};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let bsky = Client::from_env().await?;
    let file: PathBuf = std::env::args().nth(1).ok_or("name a video")?.into();
    let receipt = publish(&bsky, &file).await?;
    println!("{}", receipt.uri);
    bsky.flush().await;
    Ok(())
}

/// The token that the service wants is asked for along the way.
pub(crate) async fn publish(bsky: &Client, path: &Path) -> Result<Receipt, Box<dyn Error>> {
    let me = bsky.did().ok_or("nobody is logged in")?;
    let size_bytes = std::fs::metadata(path)?.len();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let file = VideoFile { path: path.to_owned(), size_bytes, mime_type: "video/mp4".to_owned(), name };
    let tell: Tell = Arc::new(|progress| println!("{progress:?}"));
    // Whoever keeps this state goes on after a restart where it was.
    let keep = |_: &UploadState| {};
    let blob = bsky.videos().upload(me, &file, UploadState::default(), keep, &tell).await?;
    let alt = Some("Geese over the harbour".to_owned());
    let embed = VideoEmbed { blob, alt, shape: None, captions: Vec::new(), presentation: Presentation::Default };
    Ok(bsky.post(Post::new("Look at this video:").video(embed)).await?)
}
