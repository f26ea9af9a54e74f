//! What every place for media files must do, whatever it is made of.
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a case that fails is a test that fails")]

use std::path::Path;

use jiff::Timestamp;
use skein_domain::ports::{ContentHash, MediaFiles};

/// Longer than what any place holds in memory at once.
const LONG_BYTES: usize = 20 * 1024 * 1024 + 5;
const FAR_AHEAD: &str = "2100-01-01T00:00:00Z";

/// Every case, one after the other, on an empty place, which is empty again afterwards. Files are made in `scratch`, a folder that is
/// made if it is missing.
pub async fn all(media: &dyn MediaFiles, scratch: &Path) {
    std::fs::create_dir_all(scratch).unwrap();
    what_was_never_put_is_not_there(media).await;
    bytes_come_back_under_their_hash(media).await;
    a_file_is_put_by_its_path_and_handed_out_as_one(media, scratch).await;
    a_long_file_comes_back_whole(media, scratch).await;
    a_file_over_the_bound_is_refused_and_not_kept(media, scratch).await;
    files_are_listed_in_the_order_of_their_hashes(media).await;
    what_was_put_since_stays(media).await;
    writers_of_the_same_bytes_do_not_disturb_each_other(media).await;
    assert_eq!(listed(media).await, []);
}

fn far_ahead() -> Timestamp {
    FAR_AHEAD.parse().unwrap()
}

async fn listed(media: &dyn MediaFiles) -> Vec<ContentHash> {
    media.put_before(far_ahead(), None, 100).await.unwrap()
}

async fn forget(media: &dyn MediaFiles, hash: &ContentHash) {
    assert!(media.remove(hash, far_ahead()).await.unwrap(), "{hash:?}");
    assert!(media.get(hash).await.unwrap().is_none(), "{hash:?}");
}

async fn what_was_never_put_is_not_there(media: &dyn MediaFiles) {
    let hash = ContentHash::of(b"never put");
    assert_eq!(media.get(&hash).await.unwrap(), None);
    assert!(media.locate(&hash).await.unwrap().is_none());
    assert!(!media.remove(&hash, far_ahead()).await.unwrap());
    assert_eq!(listed(media).await, []);
}

async fn bytes_come_back_under_their_hash(media: &dyn MediaFiles) {
    for bytes in [&b"abc"[..], b""] {
        let hash = media.put(bytes).await.unwrap();
        assert_eq!(hash, ContentHash::of(bytes));
        assert_eq!(media.put(bytes).await.unwrap(), hash);
        assert_eq!(media.get(&hash).await.unwrap().as_deref(), Some(bytes));
        assert_eq!(listed(media).await, std::slice::from_ref(&hash), "it is kept once");
        forget(media, &hash).await;
    }
}

async fn a_file_is_put_by_its_path_and_handed_out_as_one(media: &dyn MediaFiles, scratch: &Path) {
    let film = scratch.join("film.mp4");
    std::fs::write(&film, b"a short film").unwrap();
    let hash = ContentHash::of(b"a short film");
    assert_eq!(media.measure(&film).await.unwrap(), (hash.clone(), 12));
    assert_eq!(listed(media).await, [], "measuring keeps nothing");
    assert_eq!(media.put_file(&film, 12).await.unwrap(), (hash.clone(), 12));
    let located = media.locate(&hash).await.unwrap().unwrap();
    assert_eq!(std::fs::read(located.path()).unwrap(), b"a short film");
    let again = media.locate(&hash).await.unwrap().unwrap();
    drop(located);
    assert_eq!(std::fs::read(again.path()).unwrap(), b"a short film", "somebody else still needs it");
    assert_eq!(media.get(&hash).await.unwrap().as_deref(), Some(&b"a short film"[..]));
    assert!(media.put_file(&scratch.join("missing.mp4"), 12).await.is_err());
    drop(again);
    forget(media, &hash).await;
}

async fn a_long_file_comes_back_whole(media: &dyn MediaFiles, scratch: &Path) {
    let film = scratch.join("long.mp4");
    let bytes: Vec<u8> = (0..LONG_BYTES).map(|n| u8::try_from(n % 251).unwrap()).collect();
    std::fs::write(&film, &bytes).unwrap();
    let (hash, length) = media.put_file(&film, LONG_BYTES as u64).await.unwrap();
    assert_eq!((&hash, length), (&ContentHash::of(&bytes), LONG_BYTES as u64));
    let located = media.locate(&hash).await.unwrap().unwrap();
    assert!(std::fs::read(located.path()).unwrap() == bytes);
    drop(located);
    assert!(media.get(&hash).await.unwrap().unwrap() == bytes);
    forget(media, &hash).await;
}

async fn a_file_over_the_bound_is_refused_and_not_kept(media: &dyn MediaFiles, scratch: &Path) {
    let film = scratch.join("film.mp4");
    std::fs::write(&film, b"a short film").unwrap();
    let refusal = media.put_file(&film, 11).await.unwrap_err();
    assert!(refusal.to_string().contains("more than 11 bytes"), "{refusal}");
    assert_eq!(listed(media).await, []);
}

async fn files_are_listed_in_the_order_of_their_hashes(media: &dyn MediaFiles) {
    let mut hashes = Vec::new();
    for n in 0..7_u8 {
        hashes.push(media.put(&[n]).await.unwrap());
    }
    hashes.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
    assert_eq!(listed(media).await, hashes);
    assert_eq!(media.put_before(far_ahead(), None, 3).await.unwrap(), hashes[..3]);
    assert_eq!(media.put_before(far_ahead(), Some(&hashes[2]), 3).await.unwrap(), hashes[3..6]);
    assert_eq!(media.put_before(far_ahead(), Some(&hashes[6]), 3).await.unwrap(), []);
    assert_eq!(media.put_before(Timestamp::UNIX_EPOCH, None, 3).await.unwrap(), []);
    for hash in &hashes {
        forget(media, hash).await;
    }
}

async fn what_was_put_since_stays(media: &dyn MediaFiles) {
    let hash = media.put(b"put since").await.unwrap();
    assert!(!media.remove(&hash, Timestamp::UNIX_EPOCH).await.unwrap());
    assert_eq!(media.get(&hash).await.unwrap().as_deref(), Some(&b"put since"[..]));
    forget(media, &hash).await;
    assert!(!media.remove(&hash, far_ahead()).await.unwrap(), "it is gone already");
    assert_eq!(media.put(b"put since").await.unwrap(), hash);
    assert_eq!(media.get(&hash).await.unwrap().as_deref(), Some(&b"put since"[..]), "it can be put again");
    forget(media, &hash).await;
}

async fn writers_of_the_same_bytes_do_not_disturb_each_other(media: &dyn MediaFiles) {
    let bytes = vec![7; 100_000];
    let writers = (0..8).map(|_| async {
        let hash = media.put(&bytes).await.unwrap();
        assert_eq!(media.get(&hash).await.unwrap().as_deref(), Some(&bytes[..]));
        hash
    });
    let hashes = futures_util::future::join_all(writers).await;
    assert!(hashes.iter().all(|hash| *hash == hashes[0]));
    forget(media, &hashes[0]).await;
}
