//! The example runs as it stands there, against the reference PDS.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::path::Path;

use serde_json::{Value, json};
use skein_testkit::real_pds::{Account, RealPds};

async fn poll(pds: &RealPds, account: &Account, memory: &Path, arguments: &[&str]) -> Value {
    let test = std::env::current_exe().unwrap();
    let built = test.parent().unwrap().parent().unwrap().join("examples/poll");
    assert!(built.exists(), "{} is not built: `cargo build -p skein-journal --examples`", built.display());
    let mut command = tokio::process::Command::new(built);
    command.args(arguments).env_clear().kill_on_drop(true).env("MEMORY", memory);
    for (name, value) in [
        ("BLUESKY_HANDLE", account.handle.as_str()),
        ("BLUESKY_PASSWORD", &account.app_password),
        ("SKEIN_PLC_URL", pds.plc_url()),
        ("SKEIN_APPVIEW_URL", pds.pds_url()),
        ("SKEIN_DNS", "off"),
        ("SKEIN_ALLOW_PRIVATE", "1"),
    ] {
        command.env(name, value);
    }
    let output = command.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn real_pds_is_polled_from_where_the_run_before_ended() {
    let pds = RealPds::start().await.unwrap();
    let account = pds.create_account("alice.test").await.unwrap();
    let token = pds.access_token(&account).await.unwrap();
    let write = async |number: u8| {
        let record =
            json!({"$type": "app.bsky.feed.post", "text": format!("{number}"), "createdAt": "2026-01-01T00:00:00Z"});
        let input = json!({"repo": account.did, "collection": "app.bsky.feed.post", "record": record});
        assert_eq!(pds.xrpc_post("com.atproto.repo.createRecord", &input, Some(&token)).await.unwrap().0, 200);
    };
    for number in 0..5 {
        write(number).await;
    }
    let memory = tempfile::tempdir().unwrap();
    let folder = memory.path().join("memory");
    let repo = format!("repo={}", account.did);
    let arguments = ["com.atproto.repo.listRecords", &repo, "collection=app.bsky.feed.post", "limit=2", "reverse=true"];
    // Nobody can log in any more after the first run: the session is kept.
    let first = poll(&pds, &account, &folder, &arguments).await;
    pds.revoke_app_password(&account).await.unwrap();
    let mut seen = vec![first];
    for _ in 0..4 {
        seen.push(poll(&pds, &account, &folder, &arguments).await);
    }
    write(5).await;
    seen.push(poll(&pds, &account, &folder, &arguments).await);
    let texts = seen.iter().map(|page| {
        let records = page["records"].as_array().unwrap();
        records.iter().map(|record| record["value"]["text"].as_str().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(texts.collect::<Vec<_>>(), [vec!["0", "1"], vec!["2", "3"], vec!["4"], vec![], vec![], vec!["5"]]);
}

#[tokio::test]
async fn a_database_without_its_key_is_not_opened_with_another() {
    let memory = tempfile::tempdir().unwrap();
    let folder = memory.path().join("a/b");
    drop(skein_journal::StoreJournal::in_folder(&folder).await.unwrap());
    drop(skein_journal::StoreJournal::in_folder(&folder).await.unwrap());
    std::fs::remove_file(folder.join("master.key")).unwrap();
    let error = skein_journal::StoreJournal::in_folder(&folder).await.unwrap_err();
    assert!(matches!(error, skein_journal::OpenError::NoKey(_)), "{error:?}");
    assert!(!folder.join("master.key").exists());
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&folder).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o700);
}
