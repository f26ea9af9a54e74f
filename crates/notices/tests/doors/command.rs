//! Programs.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use skein_domain::ports::{NotTold, Notifier as _};
use skein_notices::{COMMAND_WITHIN_MS, CommandNotifier};
use tempfile::TempDir;

use crate::letter;

/// A folder with a script in it. Its text may name the folder as `DIR`.
fn script(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hook");
    let text = text.replace("DIR", folder.path().to_str().unwrap());
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    (folder, path)
}

async fn refusal(program: &Path, within_ms: u64) -> NotTold {
    CommandNotifier::new(program, within_ms).tell(&[letter(1)]).await.remove(0).unwrap_err()
}

#[tokio::test]
async fn it_is_given_the_letter_and_few_variables() {
    let (folder, hook) = script("cat > DIR/$SKEIN_NOTICE_ID.json; { env | sort; pwd; } > DIR/$SKEIN_NOTICE_ID.env");
    let told = CommandNotifier::new(&hook, COMMAND_WITHIN_MS).tell(&[letter(1), letter(2)]).await;
    assert_eq!(told, [Ok(()), Ok(())]);
    for number in [1, 2] {
        let text = std::fs::read_to_string(folder.path().join(format!("ntc_{number}.json"))).unwrap();
        let object: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(object, serde_json::to_value(letter(number)).unwrap());
    }
    let environment = std::fs::read_to_string(folder.path().join("ntc_1.env")).unwrap();
    let mut names: Vec<&str> = environment.lines().map(|line| line.split('=').next().unwrap()).collect();
    // What the shell adds by itself.
    names.retain(|name| !["PWD", "SHLVL", "_", "OLDPWD"].contains(name));
    let expected = [
        "LANG",
        "PATH",
        "SKEIN_NOTICE_HANDLE",
        "SKEIN_NOTICE_ID",
        "SKEIN_NOTICE_KIND",
        "SKEIN_NOTICE_POST",
        "SKEIN_NOTICE_TITLE",
        "/",
    ];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn one_that_fails_is_tried_again_and_its_first_line_is_told() {
    let (_folder, hook) = script("echo on the way; echo 'no such \x07room' >&2; echo more >&2; exit 3");
    let refused = refusal(&hook, COMMAND_WITHIN_MS).await;
    assert_eq!(refused, NotTold::for_now("it ended with exit code 3 and said: no such room"));
    let (_folder, hook) = script("kill -9 $$");
    assert_eq!(refusal(&hook, COMMAND_WITHIN_MS).await, NotTold::for_now("a signal ended it"));
    let missing = refusal(Path::new("/nowhere/hook"), COMMAND_WITHIN_MS).await;
    assert!(!missing.is_final && missing.why.contains("cannot be started"), "{missing:?}");
}

#[tokio::test]
async fn one_that_takes_too_long_is_killed_with_all_that_it_started() {
    let (folder, hook) =
        script("mkfifo DIR/never; (cat DIR/never; echo late > DIR/late) & echo $! > DIR/child; cat DIR/never");
    let refused = refusal(&hook, 1_000).await;
    assert_eq!(refused, NotTold::for_now("it was killed after 1 s"));
    let child = std::fs::read_to_string(folder.path().join("child")).unwrap();
    let state = std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
    let state = state.rsplit_once(") ").map_or("gone", |(_, rest)| &rest[..1]);
    assert!(["gone", "Z", "X"].contains(&state), "its child lives on: {state}");
}

#[tokio::test]
async fn one_that_does_not_read_or_writes_very_much_ends_all_the_same() {
    let (_folder, hook) = script("exec 0<&-; head -c 3000000 /dev/zero | tr '\\0' x; exit 0");
    assert_eq!(CommandNotifier::new(&hook, COMMAND_WITHIN_MS).tell(&[letter(1)]).await, [Ok(())]);
    let (_folder, hook) = script("head -c 3000000 /dev/zero | tr '\\0' x >&2; exit 1");
    let refused = refusal(&hook, COMMAND_WITHIN_MS).await;
    assert!(refused.why.ends_with('x') && refused.why.len() < 400, "{refused:?}");
}

#[tokio::test]
async fn many_runs_of_a_command_that_hangs_end_soon() {
    let (_folder, hook) = script("sleep 600");
    let letters: Vec<_> = (0..60).map(letter).collect();
    let told = CommandNotifier::new(&hook, 200).tell(&letters).await;
    let why: Vec<String> = told.into_iter().map(|told| told.unwrap_err().why).collect();
    assert!(why[0].contains("was killed") && why[59].contains("did not begin"), "{why:?}");
    assert!(why.iter().all(|why| why.contains("was killed") || why.contains("did not begin")), "{why:?}");
}
