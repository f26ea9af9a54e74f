use object_store::memory::InMemory;
use skein_testkit::{SeededEntropy, media_suite};
use tempfile::TempDir;

use super::*;

struct Scene {
    objects: Arc<InMemory>,
    media: MediaBucket,
    folder: TempDir,
}

impl Scene {
    fn set(prefix: &str) -> Self {
        let (folder, objects) = (tempfile::tempdir().unwrap(), Arc::new(InMemory::new()));
        let place = format!("s3://geese/{prefix}");
        let entropy = Arc::new(SeededEntropy::new(7));
        let media = MediaBucket::new(objects.clone(), prefix, place, &folder.path().join("copies"), entropy);
        Self { objects, media, folder }
    }

    async fn names(&self) -> Vec<Name> {
        self.objects.list(None).map_ok(|object| object.location).try_collect().await.unwrap()
    }
}

fn far_ahead() -> Timestamp {
    "2100-01-01T00:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn it_passes_what_every_place_for_media_passes() {
    for prefix in ["", "media", "a/b"] {
        let scene = Scene::set(prefix);
        media_suite::all(&scene.media, &scene.folder.path().join("scratch")).await;
        assert_eq!(scene.names().await, [], "{prefix}");
    }
}

#[tokio::test]
async fn what_is_put_again_while_the_old_one_is_swept_stays() {
    let scene = Scene::set("media");
    let hash = scene.media.put(b"picture").await.unwrap();
    let found_old = scene.media.puts(&hash).await.unwrap();
    scene.media.put(b"picture").await.unwrap();
    // What a sweep does that looked before the second put, and removes after it.
    for put in &found_old {
        scene.media.forget(put).await.unwrap();
    }
    assert_eq!(scene.media.get(&hash).await.unwrap().as_deref(), Some(&b"picture"[..]));
}

#[tokio::test]
async fn of_several_puts_the_newest_is_kept() {
    let scene = Scene::set("media");
    let hash = scene.media.put(b"picture").await.unwrap();
    for _ in 0..3 {
        scene.media.put(b"picture").await.unwrap();
    }
    let newest = scene.media.puts(&hash).await.unwrap()[0].location.clone();
    assert_eq!(scene.names().await.len(), 4);
    assert_eq!(scene.media.put_before(Timestamp::UNIX_EPOCH, None, 9).await.unwrap(), []);
    assert_eq!(scene.names().await.len(), 4, "somebody may be reading them");
    assert_eq!(scene.media.put_before(far_ahead(), None, 9).await.unwrap(), [hash]);
    assert_eq!(scene.names().await, [newest]);
}

#[tokio::test]
async fn damage_is_told_and_mended_by_putting_again() {
    let scene = Scene::set("media");
    let hash = scene.media.put(b"picture").await.unwrap();
    let name = scene.names().await[0].clone();
    scene.objects.put(&name, PutPayload::from_static(b"pict")).await.unwrap();
    assert!(matches!(scene.media.get(&hash).await, Err(MediaError::Damaged(_))));
    assert!(matches!(scene.media.locate(&hash).await, Err(MediaError::Damaged(_))));
    scene.media.put(b"picture").await.unwrap();
    assert_eq!(scene.media.get(&hash).await.unwrap().as_deref(), Some(&b"picture"[..]));
    let file = scene.media.locate(&hash).await.unwrap().unwrap();
    assert_eq!(std::fs::read(file.path()).unwrap(), b"picture");
}

#[tokio::test]
async fn what_others_keep_in_the_bucket_is_left_alone() {
    let scene = Scene::set("media");
    let hash = ContentHash::of(b"picture");
    let others = ["readme.txt", "media/readme.txt", "media2/x", &format!("media/{}", hash.as_str())];
    for name in others {
        scene.objects.put(&Name::from(name), PutPayload::from_static(b"theirs")).await.unwrap();
    }
    assert_eq!(scene.media.put_before(far_ahead(), None, 9).await.unwrap(), []);
    assert_eq!(scene.media.get(&hash).await.unwrap(), None);
    assert_eq!(scene.names().await.len(), others.len());
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_uploaded_is_not_kept() {
    let scene = Scene::set("media");
    let film = scene.folder.path().join("film.mp4");
    std::fs::write(&film, vec![7; PART_BYTES + 1]).unwrap();
    let of_before = ContentHash::of(b"before");
    let refusal = scene.media.upload(&film, &of_before).await.unwrap_err().to_string();
    assert!(refusal.contains("film.mp4 was changed while it was read"), "{refusal}");
    assert_eq!(scene.names().await, []);
}
