//! The machine around it: usage, settings, keys.

use crate::installation::Installation;
use std::os::unix::fs::PermissionsExt;

#[tokio::test]
async fn a_command_line_that_cannot_be_read_is_exit_2_also_for_programs() {
    let skein = Installation::alone();
    skein.run(&["pots", "hi"]).await.exits(2).says("post");
    skein.run(&["post"]).await.exits(2);
    let errors = skein.run(&["--json", "post"]).await.exits(2).json();
    assert_eq!(errors["errors"][0]["code"], "usage");
    skein.run(&["--help"]).await.exits(0).says("skein demo");
    skein.run(&["--version"]).await.exits(0);
}

#[tokio::test]
async fn a_setting_that_cannot_be_used_is_named() {
    let skein = Installation::alone();
    skein.run_with(&["queue"], &[("SKEIN_DNS", "dns.example")], "").await.exits(2).says("SKEIN_DNS");
    skein.run_with(&["queue"], &[("SKEIN_LOG", "=,=")], "").await.exits(2).says("SKEIN_LOG");
    let password = "mysql://me:hunter2@db/skein";
    let ran = skein.run_with(&["queue"], &[("SKEIN_DATABASE_URL", password)], "").await.exits(2);
    assert!(!ran.stderr.contains("hunter2"), "{ran:#?}");
}

#[tokio::test]
async fn folder_database_and_key_are_for_their_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("deep/data");
    let skein = Installation::alone();
    skein.run(&["--data", data.to_str().unwrap(), "queue"]).await.exits(0);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join("master.key")), 0o600);
    assert_eq!(mode(&data.join("skein.db")), 0o600);
}

#[tokio::test]
async fn another_key_is_refused_with_words() {
    let skein = Installation::alone();
    skein.run(&["queue"]).await.exits(0);
    let other = [("SKEIN_MASTER_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")];
    skein.run_with(&["queue"], &other, "").await.exits(1).says("another master key");
    skein.run_with(&["queue"], &[("SKEIN_MASTER_KEY", "short")], "").await.exits(1).says("32 bytes");
}
