//! A video: sent to the service that encodes it, waited for, and shown beneath a text.
//!
//! `cargo run --example video film.mp4 "Geese over the harbour" 1920x1080`

use std::error::Error;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use skein_bluesky::Client;
use skein_bluesky::client::Post;
use skein_bluesky::video::{Presentation, Tell, UploadState, VideoEmbed, VideoFile};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let bsky = Client::from_env().await?;
    let mut words = std::env::args().skip(1);
    let path = words.next().ok_or("name a video, what it shows, and its size, such as 1920x1080")?;
    let alt = words.next().ok_or("say what it shows, for who cannot see it")?;
    // As it is seen, without which apps show it in another shape until it plays.
    let shape = shape(&words.next().ok_or("say its size, such as 1920x1080")?)?;

    let me = bsky.did().ok_or("nobody is logged in")?;
    let (size_bytes, mime_type) = (std::fs::metadata(&path)?.len(), kind(Path::new(&path))?.to_owned());
    let name = Path::new(&path).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let file = VideoFile { path: path.into(), size_bytes, mime_type, name };
    let tell: Tell = Arc::new(|progress| println!("{progress:?}"));
    // Whoever keeps this state goes on after a restart where it was. The token that the service wants is asked for on the way.
    let keep = |_: &UploadState| {};
    let blob = bsky.videos().upload(me, &file, UploadState::default(), keep, &tell).await?;
    let presentation = if file.mime_type == "image/gif" { Presentation::Gif } else { Presentation::Default };
    let embed = VideoEmbed { blob, alt: Some(alt), shape: Some(shape), captions: Vec::new(), presentation };
    let receipt = bsky.post(Post::new("Look at this video:").video(embed)).await?;
    println!("{}", receipt.uri);
    bsky.flush().await;
    Ok(())
}

fn shape(text: &str) -> Result<(NonZeroU32, NonZeroU32), Box<dyn Error>> {
    let (width, height) = text.split_once('x').ok_or("a size is written 1920x1080")?;
    Ok((width.parse()?, height.parse()?))
}

fn kind(path: &Path) -> Result<&'static str, Box<dyn Error>> {
    match path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("mp4" | "m4v") => Ok("video/mp4"),
        Some("mov") => Ok("video/quicktime"),
        Some("webm") => Ok("video/webm"),
        Some("mpeg" | "mpg") => Ok("video/mpeg"),
        Some("gif") => Ok("image/gif"),
        _ => Err("videos end in mp4, m4v, mov, webm, mpeg, mpg or gif".into()),
    }
}
