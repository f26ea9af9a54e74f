use super::*;
use std::sync::Arc;

fn files_below(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found
}

#[tokio::test]
async fn it_passes_what_every_place_for_media_passes() {
    let root = tempfile::tempdir().unwrap();
    let media = MediaFolder::at(&root.path().join("media"));
    skein_testkit::media_suite::all(&media, &root.path().join("scratch")).await;
    assert_eq!(files_below(&root.path().join("media")), [root.path().join("media").join(LOCK_NAME)]);
}

#[tokio::test]
async fn bytes_come_back_under_their_hash_and_are_kept_once() {
    let root = tempfile::tempdir().unwrap();
    let media = MediaFolder::at(&root.path().join("media"));
    let hash = media.put(b"abc").await.unwrap();
    assert_eq!(hash.as_str(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(media.put(b"abc").await.unwrap(), hash);
    assert_eq!(media.get(&hash).await.unwrap().as_deref(), Some(b"abc".as_slice()));
    assert_eq!(files_below(root.path()).len(), 2, "the file and the lock");
}

#[tokio::test]
async fn a_file_is_copied_and_handed_out_by_its_path_and_damage_is_told() {
    let root = tempfile::tempdir().unwrap();
    let media = MediaFolder::at(&root.path().join("media"));
    let film = root.path().join("film.mp4");
    let bytes = vec![7; 3 * 64 * 1024 + 5];
    fs::write(&film, &bytes).unwrap();
    let measured = media.measure(&film).await.unwrap();
    assert_eq!(files_below(root.path()).len(), 1, "measuring keeps nothing");
    let (hash, length) = media.put_file(&film, u64::MAX).await.unwrap();
    assert_eq!((&hash, length), (&ContentHash::of(&bytes), bytes.len() as u64));
    assert_eq!(measured, (hash.clone(), length));
    assert_eq!(media.put_file(&film, u64::MAX).await.unwrap(), measured, "twice is once");
    let located = media.locate(&hash).await.unwrap().unwrap();
    assert_eq!(fs::read(located.path()).unwrap(), bytes);
    assert_eq!(media.get(&hash).await.unwrap(), Some(bytes.clone()));
    assert_eq!(files_below(root.path()).len(), 3, "the original, the copy and the lock: nothing unfinished");
    fs::write(media.path_of(&hash), &bytes[1..]).unwrap();
    assert!(matches!(media.locate(&hash).await, Err(MediaError::Damaged(_))));
    assert!(media.locate(&ContentHash::of(b"never put")).await.unwrap().is_none());
    assert!(media.put_file(&root.path().join("nowhere"), 9).await.is_err());
    assert!(media.put_file(root.path(), 9).await.is_err(), "a folder is no file");
    let over = media.put_file(&film, bytes.len() as u64 - 1).await;
    assert!(matches!(over, Err(MediaError::TooLarge { limit_bytes }) if limit_bytes == bytes.len() as u64 - 1));
    assert_eq!(files_below(root.path()).len(), 3);
}

#[tokio::test]
async fn a_file_is_removed_by_its_age_and_putting_it_again_makes_it_new() {
    let root = tempfile::tempdir().unwrap();
    let media = MediaFolder::at(root.path());
    let [old, new] = [media.put(b"old").await.unwrap(), media.put(b"new").await.unwrap()];
    let age = |hash: &ContentHash, at: &str| {
        let at: Timestamp = at.parse().unwrap();
        let file = OpenOptions::new().write(true).open(media.path_of(hash)).unwrap();
        file.set_modified(at.into()).unwrap();
    };
    let noon: Timestamp = "2026-12-01T12:00:00Z".parse().unwrap();
    age(&old, "2026-12-01T11:59:59Z");
    age(&new, "2026-12-01T12:00:00Z");
    assert_eq!(media.put_before(noon, None, 10).await.unwrap(), vec![old.clone()]);
    assert!(!media.remove(&new, noon).await.unwrap(), "it is not old enough");
    assert!(media.remove(&old, noon).await.unwrap());
    assert!(!media.remove(&old, noon).await.unwrap(), "it is gone");
    assert_eq!(media.get(&old).await.unwrap(), None);
    age(&new, "2026-12-01T11:00:00Z");
    assert_eq!(media.put_before(noon, None, 0).await.unwrap(), vec![]);
    media.put(b"new").await.unwrap();
    let before_it_was_put: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    assert!(!media.remove(&new, before_it_was_put).await.unwrap());
    assert_eq!(media.get(&new).await.unwrap().as_deref(), Some(b"new".as_slice()));
}

#[tokio::test]
async fn all_old_files_are_listed_in_pages_and_unfinished_ones_go() {
    let root = tempfile::tempdir().unwrap();
    let media = MediaFolder::at(root.path());
    for number in 0..20_u8 {
        media.put(&[number]).await.unwrap();
    }
    let left = media.path_of(&ContentHash::of(&[0])).with_file_name(".1.0.part");
    fs::write(&left, b"half").unwrap();
    let far_ahead: Timestamp = "2100-01-01T00:00:00Z".parse().unwrap();
    let fetched = media.unfinished().join(".fetched-1.part");
    crate::store::make_folder(&media.unfinished()).unwrap();
    let needed = File::create(&fetched).unwrap();
    needed.lock_shared().unwrap();
    let last = ContentHash::parse(&"f".repeat(64)).unwrap();
    media.put_before(far_ahead, Some(&last), 1).await.unwrap();
    assert!(fetched.exists(), "whoever has it locked needs it, however old it is");
    drop(needed);
    media.put_before(far_ahead, Some(&last), 1).await.unwrap();
    assert!(!fetched.exists(), "also of a sweep that begins at the last file");
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = media.put_before(far_ahead, after.as_ref(), 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        seen.extend(page);
    }
    seen.dedup();
    assert_eq!(seen.len(), 20);
    assert!(!left.exists(), "it is older than any submission");
}

#[tokio::test]
async fn removing_waits_for_nobody() {
    let root = tempfile::tempdir().unwrap();
    let media = MediaFolder::at(root.path());
    let hash = media.put(b"a").await.unwrap();
    let held = File::open(root.path().join(LOCK_NAME)).unwrap();
    held.lock_shared().unwrap();
    let far_ahead: Timestamp = "2100-01-01T00:00:00Z".parse().unwrap();
    assert!(!media.remove(&hash, far_ahead).await.unwrap());
    held.unlock().unwrap();
    assert!(media.remove(&hash, far_ahead).await.unwrap());
}

#[tokio::test]
async fn damage_is_told_and_mended_by_putting_again() {
    let root = tempfile::tempdir().unwrap();
    let media = MediaFolder::at(root.path());
    let hash = media.put(b"picture").await.unwrap();
    fs::write(media.path_of(&hash), b"pict").unwrap();
    assert!(matches!(media.get(&hash).await, Err(MediaError::Damaged(_))));
    media.put(b"picture").await.unwrap();
    assert_eq!(media.get(&hash).await.unwrap().as_deref(), Some(b"picture".as_slice()));
}

#[tokio::test]
async fn an_unfinished_file_of_an_earlier_process_is_in_nobodys_way() {
    let root = tempfile::tempdir().unwrap();
    let media = MediaFolder::at(root.path());
    let hash = ContentHash::of(b"new");
    let folder = media.path_of(&hash).parent().unwrap().to_owned();
    fs::create_dir_all(&folder).unwrap();
    let next = NEXT_TEMPORARY.load(Ordering::Relaxed);
    for number in next..next + 20 {
        fs::write(folder.join(format!(".{}.{number}.part", std::process::id())), b"half").unwrap();
    }
    media.put(b"new").await.unwrap();
    assert_eq!(media.get(&hash).await.unwrap().as_deref(), Some(b"new".as_slice()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_of_the_same_bytes_do_not_disturb_each_other() {
    let root = tempfile::tempdir().unwrap();
    let media = Arc::new(MediaFolder::at(root.path()));
    let bytes = Arc::new(vec![7_u8; 1 << 20]);
    let writers: Vec<_> = (0..16)
        .map(|_| {
            let (media, bytes) = (Arc::clone(&media), Arc::clone(&bytes));
            tokio::spawn(async move { media.put(&bytes).await.unwrap() })
        })
        .collect();
    for writer in writers {
        let hash = writer.await.unwrap();
        assert_eq!(media.get(&hash).await.unwrap().as_deref(), Some(bytes.as_slice()));
    }
    assert_eq!(files_below(root.path()).len(), 2, "the file and the lock; no temporary file stays");
}

#[tokio::test]
async fn a_refusal_of_the_disk_names_the_path() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, b"").unwrap();
    let refusal = MediaFolder::at(&file.join("media")).put(b"x").await.unwrap_err().to_string();
    assert!(refusal.contains("file/media"), "{refusal}");
}
