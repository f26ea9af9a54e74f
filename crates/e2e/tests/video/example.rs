//! The library's example of a video, run as it stands there, against the sandbox's video service.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use skein_sandbox::{Sandbox, SandboxOptions};
use skein_testkit::films::Film;

/// Built with these tests under a name of its own: see `Cargo.toml`.
fn built() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join("examples/video-of-the-library");
    assert!(path.exists(), "{} is not built: `cargo build -p skein-e2e --examples`", path.display());
    path
}

#[tokio::test]
async fn the_example_publishes_a_video() {
    let sandbox = Sandbox::start(SandboxOptions { port: 0, clock: Arc::new(machine_clock), seed: 1 }).await.unwrap();
    let alice = sandbox.create_account("alice.test").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    std::fs::write(&path, Film::default().bytes()).unwrap();
    let run = async |arguments: &[&str]| {
        let mut command = tokio::process::Command::new(built());
        command.args(arguments).env_clear().kill_on_drop(true);
        for (name, value) in [
            ("BLUESKY_HANDLE", "alice.test"),
            ("BLUESKY_PASSWORD", alice.app_password.as_str()),
            ("SKEIN_PLC_URL", sandbox.url()),
            ("SKEIN_APPVIEW_URL", sandbox.url()),
            ("SKEIN_VIDEO_URL", sandbox.url()),
            ("SKEIN_DNS", "off"),
            ("SKEIN_ALLOW_PRIVATE", "1"),
        ] {
            command.env(name, value);
        }
        command.output().await.unwrap()
    };
    let film = path.to_str().unwrap();
    let output = run(&[film, "Geese over the harbour", "64x48"]).await;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let kept = sandbox.values(&alice.did, "app.bsky.feed.post").unwrap();
    assert_eq!(kept.len(), 1);
    let embed = &kept[0]["embed"];
    assert_eq!(embed["$type"], "app.bsky.embed.video");
    assert_eq!(embed["alt"], "Geese over the harbour");
    assert_eq!(embed["aspectRatio"], json!({"width": 64, "height": 48}));
    let posted = said.lines().last().unwrap();
    assert!(posted.starts_with(&format!("at://{}/", alice.did)), "{said}");
    for arguments in [&[film, "Geese"][..], &[film, "Geese", "64"], &["film.avi", "Geese", "64x48"]] {
        assert!(!run(arguments).await.status.success(), "{arguments:?}");
    }
    assert_eq!(sandbox.values(&alice.did, "app.bsky.feed.post").unwrap().len(), 1);
}

/// The example has the machine's clock, and tokens of the sandbox must hold for it.
#[expect(clippy::disallowed_methods, reason = "another process has this clock")]
fn machine_clock() -> Timestamp {
    Timestamp::now()
}
