//! The library's example of a video, as it stands there, against the sandbox's video service.

use std::sync::Arc;

use jiff::Timestamp;
use skein_bluesky::Environment;
use skein_bluesky::client::Builder;
use skein_net::{AllowPrivate, Dns, Http, NetConfig};
use skein_sandbox::{Sandbox, SandboxOptions};
use skein_testkit::films::Film;
use url::Url;

#[expect(dead_code, reason = "its main reads the environment; what it does is run")]
#[path = "../../../bluesky/examples/video.rs"]
mod video;

#[tokio::test]
async fn the_example_publishes_a_video() {
    let now: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
    let sandbox = Sandbox::start(SandboxOptions { port: 0, clock: Arc::new(move || now), seed: 1 }).await.unwrap();
    let alice = sandbox.create_account("alice.test").unwrap();
    let url = Url::parse(sandbox.url()).unwrap();
    let http = Http::new(NetConfig { allow_private: AllowPrivate::None, dns: Dns::Off, ..NetConfig::default() });
    let bsky = Builder::default()
        .environment(Environment { plc_url: url.clone(), appview_url: url.clone(), video_url: url.clone() })
        .http(http.unwrap())
        .clock(Arc::new(move || now))
        .service(url)
        .login("alice.test", alice.app_password.as_str())
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    std::fs::write(&path, Film::default().bytes()).unwrap();
    let receipt = video::publish(&bsky, &path).await.unwrap();
    let kept = sandbox.values(&alice.did, "app.bsky.feed.post").unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0]["embed"]["$type"], "app.bsky.embed.video");
    assert_eq!(kept[0]["embed"]["alt"], "Geese over the harbour");
    assert!(receipt.uri.as_str().starts_with(&format!("at://{}/", alice.did)), "{}", receipt.uri);
}
