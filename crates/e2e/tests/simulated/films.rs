//! Videos: brought well ahead, waited for within a bound, kept for as long as their post may need them.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use skein_domain::outcome::Obstacle;
use skein_domain::ports::{Clock, ContentHash, LocalFile, MediaFiles, Originals};
use skein_domain::{Category, Fault, Media, NamedCaption, Part, PostId, State, StateName, Waiting};
use skein_e2e::submission::submission;
use skein_intake::{IntakeError, Submission, Submitted};
use skein_testkit::fake_connector::FILM;

use super::{HOUR_MS, World};

const MINUTE_MS: i64 = 60_000;

impl World {
    async fn with_films() -> Self {
        let world = Self::new(11);
        world.account("alice").await;
        world.originals.add("film", FILM);
        world.originals.add("cat", b"cat");
        world.originals.add("words", b"WEBVTT");
        world
    }

    async fn try_film(&self, media: Vec<Media>, at: &str) -> Result<Submitted, IntakeError> {
        self.intake.submit(film_submission(media, at), self.originals.as_ref()).await
    }

    /// Submits a film that takes so many minutes to be uploaded and encoded.
    async fn submit_film(&self, minutes: i64, at: &str) -> PostId {
        self.platform.order_upload("look", SignedDuration::from_mins(minutes));
        self.try_film(vec![Media::new("film", "A film.")], at).await.unwrap().post.id
    }

    /// One pass of the engine, with something done at an instant in the middle of it.
    async fn meanwhile_at<T>(&self, at: Timestamp, what: impl Future<Output = T>) -> T {
        let later = async {
            self.clock.sleep_until(at).await;
            what.await
        };
        tokio::join!(self.pass(&self.engine), later).1
    }

    async fn created_at(&self, post: &PostId) -> Timestamp {
        self.delivery(post).await.prepared.unwrap().first_created_at
    }
}

fn film_submission(media: Vec<Media>, at: &str) -> Submission {
    submission(vec![Part { text: "look".to_owned(), media }], Some(at))
}

fn captioned(lang: &str, source: &str) -> NamedCaption {
    NamedCaption { lang: lang.to_owned(), source: source.to_owned() }
}

#[tokio::test]
async fn a_film_is_brought_well_ahead_and_dates_no_other_post() {
    let world = World::with_films().await;
    let film = world.submit_film(15, "in 2h").await;
    let text = world.submit("words", "alice", "in 118m").await;
    let delivery = world.delivery(&film).await;
    assert_eq!(delivery.due.duration_since(delivery.state.wake_at().unwrap()).as_secs(), 1_200);
    world.run_for(HOUR_MS + 56 * MINUTE_MS).await;
    assert_eq!((world.state(&film).await, world.platform.calls().upload), (StateName::Scheduled, 1));
    world.run_for(HOUR_MS).await;
    for post in [&film, &text] {
        let delivery = world.delivery(post).await;
        let State::Published { receipt } = &delivery.state else { panic!("{:?}", delivery.state) };
        assert_eq!((receipt.lateness_ms, world.created_at(post).await), (0, delivery.due));
    }
    assert_eq!(world.platform.calls().upload, 1);
}

#[tokio::test]
async fn a_post_whose_film_takes_longer_than_its_grace_goes_out_when_it_is_ready() {
    let world = World::with_films().await;
    let film = world.submit_film(150, "now").await;
    world.run_for(6 * HOUR_MS).await;
    let delivery = world.delivery(&film).await;
    let State::Published { receipt } = &delivery.state else { panic!("{:?}", delivery.state) };
    assert!((150 * MINUTE_MS..151 * MINUTE_MS).contains(&receipt.lateness_ms), "{}", receipt.lateness_ms);
    let late = world.created_at(&film).await.duration_since(delivery.due);
    assert!(late.as_mins() >= 150, "it is dated when it is frozen, not when it was asked for");
}

#[tokio::test]
async fn a_post_that_says_how_late_it_may_be_waits_no_longer_for_its_film() {
    let world = World::with_films().await;
    world.platform.order_upload("look", SignedDuration::from_mins(50));
    let mut submission = film_submission(vec![Media::new("film", "A film.")], "now");
    submission.policy.late = Some("30m".to_owned());
    let film = world.intake.submit(submission, world.originals.as_ref()).await.unwrap().post.id;
    world.run_for(3 * HOUR_MS).await;
    let State::Missed { late_by_ms } = world.delivery(&film).await.state else { panic!("not missed") };
    assert!((30 * MINUTE_MS..30 * MINUTE_MS + 2_000).contains(&late_by_ms), "{late_by_ms}");
    assert_eq!(world.platform.sent().len(), 0);
}

#[tokio::test]
async fn a_film_that_takes_for_ever_is_missed_two_hours_after_its_grace() {
    let world = World::with_films().await;
    let film = world.submit_film(200, "now").await;
    world.run_for(6 * HOUR_MS).await;
    let State::Missed { late_by_ms } = world.delivery(&film).await.state else { panic!("not missed") };
    assert!((3 * HOUR_MS..3 * HOUR_MS + 2_000).contains(&late_by_ms), "{late_by_ms}");
}

#[tokio::test]
async fn a_post_with_a_film_that_nobody_looked_at_is_missed_after_its_grace_as_any_other() {
    let world = World::with_films().await;
    let film = world.submit_film(1, "in 1h").await;
    world.clock.advance(SignedDuration::from_millis(2 * HOUR_MS + 1));
    world.run_for(HOUR_MS).await;
    assert_eq!(world.state(&film).await, StateName::Missed);
}

#[tokio::test]
async fn a_film_and_its_captions_are_kept_until_the_post_is_public() {
    let world = World::with_films().await;
    let captions = vec![captioned("en", "words")];
    let media = Media { captions, ..Media::new("film", "A film.") };
    let submitted = world.try_film(vec![media.clone()], "in 2h").await.unwrap();
    assert_eq!(world.media.count(), 2);
    world.run_for(HOUR_MS).await;
    assert_eq!(world.media.count(), 2);
    world.run_for(2 * HOUR_MS).await;
    world.pass(&world.engine).await;
    assert_eq!((world.state(&submitted.post.id).await, world.media.count()), (StateName::Published, 0));
    assert_eq!(submitted.post.draft.parts[0].media, [media]);
}

/// A film that is written to while its captions are read: after it was looked at, before it is stored.
struct Rewritten {
    folder: tempfile::TempDir,
    to: Vec<u8>,
}

impl Rewritten {
    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("film")
    }
}

#[async_trait::async_trait]
impl Originals for Rewritten {
    async fn read(&self, source: &str, _max_bytes: u64) -> Result<Vec<u8>, Fault> {
        panic!("{source} is read whole")
    }

    async fn open(&self, source: &str, _max_bytes: u64) -> Result<LocalFile, Fault> {
        std::fs::write(self.path(), if source == "words" { &self.to } else { FILM }).unwrap();
        Ok(LocalFile::at(self.path()))
    }
}

#[tokio::test]
async fn a_film_that_is_written_to_while_it_is_submitted_is_looked_at_as_it_is_stored() {
    let world = World::with_films().await;
    let media = Media { captions: vec![captioned("en", "words")], ..Media::new("film", "A film.") };
    for (to, code) in [
        (b"a cat".to_vec(), "file_changed"),
        (b"no picture".to_vec(), "refused_picture"),
        ([FILM, &[0; 1_000]].concat(), "file_too_large"),
    ] {
        let originals = Rewritten { folder: tempfile::tempdir().unwrap(), to };
        let submitted = world.intake.submit(film_submission(vec![media.clone()], "in 1h"), &originals).await;
        let Err(IntakeError::Refused(faults)) = submitted else { panic!("not refused: {code}") };
        assert_eq!((faults[0].code.as_str(), faults[0].field.as_deref()), (code, Some("parts[0].media[0]")));
    }
    let originals = Rewritten { folder: tempfile::tempdir().unwrap(), to: [FILM, b" that is longer"].concat() };
    world.intake.submit(film_submission(vec![media], "in 1h"), &originals).await.unwrap();
    let hash = ContentHash::of(&originals.to);
    assert_eq!(world.media.get(&hash).await.unwrap().as_ref(), Some(&originals.to));
}

#[tokio::test]
async fn a_time_in_words_counts_from_when_it_was_said() {
    let world = World::with_films().await;
    let said_at = world.now();
    world.clock.advance(SignedDuration::from_mins(20));
    let submission = film_submission(vec![Media::new("film", "A film.")], "in 30m");
    let admitted = world.intake.admit(&submission, world.originals.as_ref(), said_at).await.unwrap();
    let post = world.intake.keep(admitted).await.unwrap().post;
    assert_eq!(post.due, said_at + SignedDuration::from_mins(30));
}

#[tokio::test]
async fn what_can_be_checked_without_a_film_is_checked_before_it_is_opened() {
    let world = World::with_films().await;
    let good = film_submission(vec![Media::new("film", "A film.")], "in 1h");
    assert!(!world.intake.check(&good, world.now()).await.unwrap());
    let wrong = Submission {
        accounts: vec!["nobody.test".to_owned()],
        at: Some("some day".to_owned()),
        name: Some("no name\n".to_owned()),
        ..good.clone()
    };
    let Err(IntakeError::Refused(faults)) = world.intake.check(&wrong, world.now()).await else {
        panic!("not refused")
    };
    let fields: Vec<_> = faults.iter().filter_map(|fault| fault.field.as_deref()).collect();
    assert_eq!(fields, ["scheduled_at", "accounts", "ref"], "{faults:#?}");
    let named = Submission { name: Some("mine".to_owned()), ..good };
    world.intake.submit(named.clone(), world.originals.as_ref()).await.unwrap();
    assert!(world.intake.check(&named, world.now()).await.unwrap(), "there is nothing left to do");
    let other = Submission { at: Some("in 2h".to_owned()), ..named };
    assert!(matches!(world.intake.check(&other, world.now()).await, Err(IntakeError::Conflict(_))));
    assert_eq!(world.media.count(), 1, "only what was submitted is stored");
}

#[tokio::test]
async fn films_that_do_not_stand_alone_and_captions_of_pictures_are_refused_and_nothing_is_stored() {
    let world = World::with_films().await;
    let cat = Media { captions: vec![captioned("en", "words")], ..Media::new("cat", "A cat.") };
    let lost = Media { captions: vec![captioned("en", "nothing")], ..Media::new("film", "A film.") };
    for (media, code, field) in [
        (vec![Media::new("film", ""), Media::new("film", "")], "video_not_alone", "parts[0].media[0]"),
        (vec![cat], "captions_without_video", "parts[0].media[0].captions"),
        (vec![lost], "no_such_file", "parts[0].media[0].captions[0]"),
    ] {
        let Err(IntakeError::Refused(faults)) = world.try_film(media, "in 1h").await else { panic!("not refused") };
        assert_eq!((faults[0].code.as_str(), faults[0].field.as_deref()), (code, Some(field)));
    }
    world.run_for(HOUR_MS).await;
    world.pass(&world.engine).await;
    assert_eq!(world.media.count(), 0);
}

#[tokio::test]
async fn a_limit_that_is_prolonged_again_and_again_ends_and_is_not_asked_without_a_pause() {
    let world = World::with_films().await;
    for time in 1..200 {
        let at = world.now() + SignedDuration::from_mins(14 * time);
        let fault = Fault::new("used_up", Category::RateLimit, "It is used up.");
        world.platform.order_prepare(Obstacle::Retry { at: Some(at), fault });
    }
    let post = world.submit("words", "alice", "now").await;
    world.run_for(12 * HOUR_MS).await;
    let State::Missed { late_by_ms } = world.delivery(&post).await.state else { panic!("not missed") };
    assert!((7 * HOUR_MS..=7 * HOUR_MS + 10 * MINUTE_MS + 1_000).contains(&late_by_ms), "{late_by_ms}");
    let asked = world.platform.calls().prepare;
    assert!((29..=32).contains(&asked), "{asked}");
}

#[tokio::test]
async fn what_fails_after_a_film_came_late_is_tried_again_with_pauses() {
    let world = World::with_films().await;
    for _ in 0..2_000 {
        let fault = Fault::new("down", Category::PlatformError, "It is down.");
        world.platform.order_prepare(Obstacle::Retry { at: None, fault });
    }
    let film = world.submit_film(90, "now").await;
    world.run_for(6 * HOUR_MS).await;
    let State::Missed { late_by_ms } = world.delivery(&film).await.state else { panic!("not missed") };
    assert!((3 * HOUR_MS..3 * HOUR_MS + 2_000).contains(&late_by_ms), "{late_by_ms}");
    let asked = world.platform.calls().prepare;
    assert!((10..200).contains(&asked), "{asked}");
}

#[tokio::test]
async fn a_post_that_waits_for_its_film_past_its_grace_survives_a_hold() {
    let world = World::with_films().await;
    let film = world.submit_film(100, "now").await;
    world.meanwhile_at(world.now() + SignedDuration::from_mins(70), world.intake.hold(None)).await.unwrap();
    let held = world.delivery(&film).await;
    assert!(held.late_by_ms(world.now()) > 90 * MINUTE_MS);
    assert_eq!(held.state.name(), StateName::Blocked);
    world.intake.release(None).await.unwrap();
    world.run_for(20 * MINUTE_MS).await;
    assert_eq!(world.state(&film).await, StateName::Published);
}

#[tokio::test]
async fn a_film_that_was_there_in_time_prolongs_nothing() {
    let world = World::with_films().await;
    let film = world.submit_film(5, "in 1h").await;
    world.run_for(50 * MINUTE_MS).await;
    let waiting = world.delivery(&film).await.state;
    assert!(matches!(waiting, State::Scheduled { waiting: Some(Waiting::Uploaded), .. }), "{waiting:?}");
    world.clock.advance(SignedDuration::from_millis(2 * HOUR_MS + 30 * MINUTE_MS));
    world.run_for(HOUR_MS).await;
    assert_eq!(world.state(&film).await, StateName::Missed);
}

#[tokio::test]
async fn how_an_upload_ended_before_a_post_was_moved_says_nothing_of_its_new_time() {
    let world = World::with_films().await;
    let film = world.submit_film(10, "now").await;
    let (found, zone) = (world.found(&film).await, TimeZone::UTC);
    let moving = world.intake.move_to(&found, "in 10h", None, &zone);
    world.meanwhile_at(world.now() + SignedDuration::from_mins(5), moving).await.unwrap();
    world.platform.order_upload("look", SignedDuration::from_mins(10));
    world.run_for(11 * HOUR_MS).await;
    assert_eq!((world.state(&film).await, world.platform.calls().upload), (StateName::Published, 2));
    let story = world.ledger.story(&world.delivery(&film).await.id).await.unwrap();
    assert!(!format!("{story:?}").contains("upload_incomplete"), "{story:?}");
}
