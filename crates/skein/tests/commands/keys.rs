//! A master key that is missing beside a database that was made with it.

use crate::installation::Installation;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Every file of a folder, with its content.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

/// The key goes missing, whatever is tried then is refused, and it works again when the key is back.
async fn a_missing_key_is_refused(skein: &Installation, database: &str) {
    let environment = [("SKEIN_DATABASE_URL", database)];
    skein.run_with(&["queue"], &environment, "").await.exits(0);
    let key_file = skein.data.path().join("master.key");
    let key = std::fs::read(&key_file).unwrap();
    std::fs::remove_file(&key_file).unwrap();
    let before = files(skein.data.path());
    for arguments in [&["queue"][..], &["post", "hi"], &["login", "alice.test"], &["serve"], &["work", "--once"]] {
        let ran = skein.run_with(arguments, &environment, "").await.exits(1);
        let ran = ran.says("master.key is missing, and the database was made with it.");
        ran.says("Restore the file, or set SKEIN_MASTER_KEY.").says("Nothing was changed.");
        assert_eq!(files(skein.data.path()), before, "{database} {arguments:?}");
    }
    let doctor = skein.run_with(&["doctor"], &environment, "").await.exits(1);
    assert!(doctor.stdout.contains("master.key is missing"), "{doctor:#?}");
    assert_eq!(files(skein.data.path()), before, "{database}: the doctor changes nothing either");
    std::fs::write(&key_file, key).unwrap();
    std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o600)).unwrap();
    skein.run_with(&["queue"], &environment, "").await.exits(0);
}

#[tokio::test]
async fn a_key_that_went_missing_is_refused_and_nothing_is_made_anew() {
    a_missing_key_is_refused(&Installation::alone(), "").await;
}

#[tokio::test]
async fn it_is_refused_wherever_the_database_is() {
    let elsewhere = tempfile::tempdir().unwrap();
    let absolute = elsewhere.path().join("a.db").display().to_string();
    for database in [
        "sqlite:b.db".to_owned(),
        "sqlite://c.db".to_owned(),
        "d.db".to_owned(),
        absolute.clone(),
        format!("sqlite:{absolute}.1"),
        format!("sqlite://{absolute}.2"),
    ] {
        a_missing_key_is_refused(&Installation::alone(), &database).await;
    }
}

#[tokio::test]
async fn a_key_is_made_where_no_database_was_made_with_another() {
    let skein = Installation::alone();
    // An empty file is what a first start leaves that was killed before it wrote anything.
    std::fs::write(skein.data.path().join("skein.db"), "").unwrap();
    skein.run(&["queue"]).await.exits(0);
    assert!(skein.data.path().join("master.key").is_file());
}
