//! Output that cannot be written: a full disk is told and is no success, a reader that leaves is neither, and nothing panics.

use crate::installation::{Installation, Ran, Scene};
use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

const READS: [&[&str]; 6] =
    [&["queue", "list"], &["accounts"], &["accounts", "--json"], &["work", "--once"], &["--help"], &["--version"]];

/// Where every write fails as on a full disk.
fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

/// A pipe whose reader has left.
fn left() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// Nothing is said of a defect, and no signal ended it.
#[track_caller]
fn composed(ran: Ran) -> Ran {
    assert!(ran.code.is_some(), "{ran:#?}");
    for word in ["panicked", "defect", "backtrace"] {
        assert!(!ran.stderr.contains(word) && !ran.stdout.contains(word), "{ran:#?}");
    }
    ran
}

async fn run_onto(skein: &Installation, arguments: &[&str], stdout: Stdio) -> Ran {
    let mut command = skein.command(arguments, &[]);
    command.stdin(Stdio::null()).stdout(stdout);
    composed(Ran::of(command).await)
}

/// With everything logged to an error output that cannot be written.
fn logging_onto(skein: &Installation, arguments: &[&str], stderr: Stdio) -> Command {
    let mut command = skein.command(arguments, &[("SKEIN_LOG", "trace")]);
    command.stdin(Stdio::null()).stderr(stderr);
    command
}

async fn run_logging_onto(skein: &Installation, arguments: &[&str], stderr: Stdio) -> Ran {
    composed(Ran::of(logging_onto(skein, arguments, stderr)).await)
}

#[tokio::test]
async fn a_result_that_cannot_be_written_is_no_success_and_is_told() {
    let skein = Installation::alone();
    for arguments in READS {
        let ran = run_onto(&skein, arguments, full()).await.exits(1);
        ran.says("tandard output could not be written: No space left on device");
    }
}

#[tokio::test]
async fn a_failure_keeps_its_exit_code_where_its_reason_cannot_be_written() {
    let skein = Installation::alone();
    for (arguments, code) in [
        (&["receipt", "last", "--json"][..], 1),
        (&["doctor"], 1),
        (&["--json", "pots"], 2),
        (&["post", "hi", "--json"], 3),
    ] {
        run_onto(&skein, arguments, full()).await.exits(code).says("tandard output could not be written");
    }
}

#[tokio::test]
async fn a_post_that_went_out_is_not_to_be_repeated_because_its_receipt_could_not_be_written() {
    let scene = Scene::logged_in().await;
    let ran = run_onto(&scene.skein, &["post", "hi", "--json"], full()).await.exits(1);
    ran.says("What was asked for is done").says("Do not repeat it");
    let kept = run_onto(&scene.skein, &["post", "later", "--at", "in 1h", "--json"], full()).await.exits(6);
    kept.says("tandard output could not be written");
    assert_eq!(scene.stored().await, 2);
    assert_eq!(scene.sandbox.records(&scene.alice.did, "app.bsky.feed.post").unwrap().len(), 1);
}

#[tokio::test]
async fn a_reader_that_leaves_early_changes_nothing() {
    let skein = Installation::alone();
    for arguments in READS {
        let ran = run_onto(&skein, arguments, left()).await.exits(0);
        assert_eq!(ran.stderr, "", "{arguments:?}");
    }
    run_onto(&skein, &["preview", "hi", "--offline"], left()).await.exits(0);
    run_onto(&skein, &["receipt", "last", "--json"], left()).await.exits(1);
    run_onto(&skein, &["--json", "pots"], left()).await.exits(2);
}

#[tokio::test]
async fn lines_whose_answers_cannot_be_written_are_not_answered() {
    let skein = Installation::alone();
    for (stdout, code) in [(full(), 1), (left(), 0)] {
        let mut command = skein.command(&["preview", "--lines", "--offline"], &[]);
        let (lines, mut writer) = std::io::pipe().unwrap();
        std::io::Write::write_all(&mut writer, b"{\"text\":\"hi\"}\n").unwrap();
        drop(writer);
        command.stdin(lines).stdout(stdout);
        let ran = composed(Ran::of(command).await).exits(code);
        assert_eq!(ran.stderr.matches("could not be written").count(), usize::from(code == 1), "{ran:#?}");
    }
}

#[tokio::test]
async fn a_usage_error_that_cannot_be_told_is_one_all_the_same() {
    let skein = Installation::alone();
    for stderr in [full(), left()] {
        run_logging_onto(&skein, &["pots"], stderr).await.exits(2);
    }
}

#[tokio::test]
async fn a_log_that_cannot_be_written_stops_nothing() {
    let scene = Scene::logged_in().await;
    for stderr in [full(), left()] {
        let ran = run_logging_onto(&scene.skein, &["post", "hi", "--json"], stderr).await.exits(0);
        assert_eq!(ran.json()["status"], "published");
    }
}

#[tokio::test]
async fn an_engine_whose_log_cannot_be_written_works_on() {
    let scene = Scene::logged_in().await;
    for (published, stderr) in [(1, full()), (2, left())] {
        scene.run(&["post", "hi", "--at", "in 1s"]).await.exits(6);
        let mut engine = logging_onto(&scene.skein, &["work", "--once", "--for", "1h"], stderr).spawn().unwrap();
        while scene.published().await < published {
            assert_eq!(engine.try_wait().unwrap(), None, "it works until it is interrupted");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        composed(Ran::interrupted(engine).await).exits(0);
    }
    scene.run(&["receipt", "last"]).await.exits(0).says("Published as @alice.test");
}

impl Scene {
    /// How many posts are out and remembered as such.
    async fn published(&self) -> usize {
        let posts = self.queue().await;
        let states = posts.as_array().unwrap().iter().map(|post| &post["deliveries"][0]["state"]);
        states.filter(|state| *state == "published").count()
    }
}

/// Turns text around, and begins a command to a terminal.
const COMMANDING: &str = "a\u{202e}b\u{9b}2Jc\u{200f}d\u{2066}e";

#[tokio::test]
async fn json_for_programs_does_not_command_a_terminal() {
    let skein = Installation::alone();
    let line = serde_json::json!({ "text": COMMANDING }).to_string();
    for (ran, at) in [
        (skein.run(&["preview", COMMANDING, "--offline", "--json"]).await, "/parts/0/text"),
        (skein.run_with(&["preview", "--lines", "--offline"], &[], &line).await, "/parts/0/text"),
        (skein.run(&["queue", "show", COMMANDING, "--json"]).await, "/errors/0/given"),
    ] {
        assert_eq!(ran.json().pointer(at).unwrap(), COMMANDING, "{ran:#?}");
        assert!(COMMANDING.chars().filter(|c| !c.is_ascii()).all(|c| !ran.stdout.contains(c)), "{ran:#?}");
    }
}
