//! Every command in a code block of the guides does what the guide says, as it stands there.

use std::path::Path;

use serde_json::json;
use skein_testkit::pictures;
use skein_testkit::site::Site;

use crate::Scene;

const GUIDES: [&str; 2] = ["from-cron-and-curl.md", "coming-from-pysky.md"];

/// The lines of the code blocks of a guide that have no language: those are for a shell.
fn lines(guide: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides").join(guide);
    let text = std::fs::read_to_string(path).unwrap();
    let (mut inside, mut found) = (false, Vec::new());
    for line in text.lines() {
        match (line, inside) {
            ("```", _) => inside = !inside,
            (line, false) if line.starts_with("```") => inside = true,
            (line, true) if !line.trim().is_empty() => found.push(line.to_owned()),
            _ => {}
        }
    }
    assert!(found.len() > 10, "{guide}: {found:?}");
    found
}

/// What a line of a table of cron runs; percent signs are written with a backslash there.
fn of_cron(line: &str) -> Option<String> {
    let fields: Vec<&str> = line.splitn(6, ' ').collect();
    let is_time = |field: &&str| field.chars().all(|c| "*/".contains(c) || c.is_ascii_digit());
    let (command, times) = fields.split_last()?;
    (times.len() == 5 && times.iter().all(is_time)).then(|| command.replace("\\%", "%"))
}

#[tokio::test]
async fn real_network_does_what_the_guides_say() {
    let mut scene = Scene::set().await;
    // Nothing outside of this machine is asked for.
    let site = Site::start().await.unwrap();
    let elsewhere = site.page("/", "<html><head><title>Elsewhere</title></head></html>");
    let answered = scene.bob_writes("app.bsky.feed.post", json!({"text": "Geese, anyone?"})).await;
    let page = format!("https://bsky.app/profile/bob.test/post/{}", answered.rsplit('/').next().unwrap());
    scene.rig.bytes("image.jpg", &pictures::jpeg(64, 48, 1, None));
    scene.rig.bytes("image.png", &pictures::png(16, 16, 1, pictures::PngKind::Opaque));
    scene.rig.file("notes.txt", "One\n---\nTwo");
    scene.rig.file("story.md", &format!("A [link]({elsewhere}) and\n\n- a list"));
    scene.rig.file("today.txt", "What is new today");
    scene.network.settle().await.unwrap();
    let password = scene.alice.app_password.clone();
    let environment = [("SKEIN_PASSWORD", password.as_str()), ("PASSWORD", &password)];
    for guide in GUIDES {
        for line in lines(guide) {
            let command = of_cron(&line).unwrap_or(line);
            let command = command
                .replace("https://bsky.app/profile/alice.bsky.social/post/3ke6kg3wk2222", &page)
                .replace("at://alice.bsky.social/app.bsky.feed.post/3ke6kg3wk2222", &answered)
                .replace("https://example.com", elsewhere.trim_end_matches('/'))
                .replace("https://bsky.app/)", &format!("{elsewhere})"))
                .replace("--card https://bsky.app/", &format!("--card {elsewhere}"))
                .replace("alice.bsky.social", "bob.test")
                .replace("you.bsky.social", "alice.test")
                .replace("--for 50s", "--for 1s");
            if command.starts_with("skein serve") {
                scene.rig.run(&["post", "Due at once", "--at", "in 1 second"]).await.exits(6);
                let mut serve = scene.rig.serve(&[]);
                serve.reaches("published").await;
                serve.end().await;
                continue;
            }
            let outside = command.replace(&page, "").replace(&elsewhere, "");
            assert!(!outside.contains("https://"), "{guide}: {command} asks for a page of somebody else");
            // What was posted before is there to be read.
            scene.network.settle().await.unwrap();
            eprintln!("{guide}: {command}");
            let ran = scene.rig.shell(&command, &environment).await;
            // What has a time is kept and goes out later.
            let expected = if command.contains(" --at ") { 6 } else { 0 };
            assert_eq!(ran.code, Some(expected), "{guide}: {command}\n{}{}", ran.stdout, ran.stderr);
        }
    }
}
