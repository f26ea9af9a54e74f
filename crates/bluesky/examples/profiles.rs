//! Profiles: asked for once, remembered by DID and by handle. Needs no account.
//!
//! `cargo run --example profiles bsky.app`

use skein_bluesky::client::Builder;
use skein_bluesky::profile::ProfileError;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bsky = Builder::from_env()?.anonymous()?;
    let handle = std::env::args().nth(1).ok_or("name somebody")?;
    let profiles = bsky.profiles();
    match profiles.get(&handle).await {
        Ok(profile) => {
            println!("{} {}", profile.did, profile.view["displayName"]);
            println!("from memory: {}", profiles.get(profile.did.as_str()).await?.is_kept);
            println!("asked anew: {}", !profiles.refreshed(&handle).await?.is_kept);
        }
        // Remembered too, for an hour.
        Err(error @ ProfileError::Gone { .. }) => println!("{error}"),
        Err(error) => return Err(error.into()),
    }
    bsky.flush().await;
    Ok(())
}
