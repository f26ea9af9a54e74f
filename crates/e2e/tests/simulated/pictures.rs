//! Pictures: stored with their post, kept for as long as it may need them, and no longer.

use jiff::SignedDuration;
use skein_domain::fault::Fault;
use skein_domain::{Media, Outcome, Part, PostId, State, StateName, story};
use skein_e2e::submission::submission;
use skein_intake::{IntakeError, Submission, Submitted};
use skein_testkit::SendOrder;
use skein_testkit::fake_connector::REFUSED_PICTURE;

use super::{HOUR_MS, World};

const MINUTE_MS: i64 = 60_000;

impl World {
    async fn with_pictures() -> Self {
        let world = Self::new(7);
        world.account("alice").await;
        for name in ["cat", "dog", "fox"] {
            world.originals.add(name, name.as_bytes());
        }
        world.originals.add("words", REFUSED_PICTURE);
        world
    }

    fn submission(text: &str, media: &[&str], at: &str) -> Submission {
        let media = media.iter().map(|name| Media::new(*name, format!("A {name}.")));
        submission(vec![Part { text: text.to_owned(), media: media.collect() }], Some(at))
    }

    async fn submit_pictures(&self, media: &[&str], at: &str) -> Submitted {
        let submission = Self::submission("look", media, at);
        self.intake.submit(submission, self.originals.as_ref()).await.unwrap()
    }

    async fn refusal(&self, submission: Submission) -> Vec<Fault> {
        match self.intake.submit(submission, self.originals.as_ref()).await {
            Err(IntakeError::Refused(faults)) => faults,
            other => panic!("not refused: {other:?}"),
        }
    }
}

#[tokio::test]
async fn pictures_are_kept_until_their_post_is_public_and_then_swept() {
    let world = World::with_pictures().await;
    let submitted = world.submit_pictures(&["cat", "dog"], "in 2h").await;
    assert_eq!(world.media.count(), 2);
    let delivery = &submitted.deliveries[0];
    assert_eq!(delivery.due.duration_since(delivery.state.wake_at().unwrap()).as_secs(), 60, "they are uploaded then");
    let losses: Vec<_> = submitted.warnings.iter().map(|warning| (&*warning.field, &*warning.message)).collect();
    let told = ("parts[0].media[0]", "cat: its last byte is gone");
    assert_eq!(losses[0], told, "{losses:?}");
    world.run_for(2 * HOUR_MS - 2_000).await;
    assert_eq!((world.state(&submitted.post.id).await, world.media.count()), (StateName::Ready, 2));
    world.run_for(HOUR_MS).await;
    world.pass(&world.engine).await;
    assert_eq!((world.state(&submitted.post.id).await, world.media.count()), (StateName::Published, 0));
}

#[tokio::test]
async fn a_picture_that_two_posts_share_stays_for_the_second() {
    let world = World::with_pictures().await;
    world.submit_pictures(&["cat"], "in 1h").await;
    let second = world.submit_pictures(&["cat", "fox"], "in 3h").await;
    assert_eq!(world.media.count(), 2);
    world.run_for(2 * HOUR_MS).await;
    world.pass(&world.engine).await;
    assert_eq!(world.media.count(), 2);
    let found = world.found(&second.post.id).await;
    world.intake.cancel(&found).await.unwrap();
    world.pass(&world.engine).await;
    assert_eq!(world.media.count(), 0);
}

#[tokio::test]
async fn what_failed_keeps_its_pictures_for_another_try() {
    let world = World::with_pictures().await;
    let refused = Fault::content("refused", "parts", "No.");
    world.platform.order_send(SendOrder::Answer(Outcome::Rejected(refused)));
    let submitted = world.submit_pictures(&["cat"], "in 1h").await;
    world.run_for(2 * HOUR_MS).await;
    world.pass(&world.engine).await;
    assert_eq!((world.state(&submitted.post.id).await, world.media.count()), (StateName::Failed, 1));
    world.intake.retry(&world.found(&submitted.post.id).await).await.unwrap();
    world.run_for(HOUR_MS).await;
    world.pass(&world.engine).await;
    assert_eq!((world.state(&submitted.post.id).await, world.media.count()), (StateName::Published, 0));
}

#[tokio::test]
async fn nothing_of_a_preview_is_stored() {
    let world = World::with_pictures().await;
    let submission = World::submission("look", &["cat"], "in 1h");
    let preview = world.intake.preview(&submission, world.originals.as_ref()).await.unwrap();
    assert_eq!(preview.faults, vec![]);
    assert_eq!((preview.warnings.len(), world.media.count()), (1, 0));
}

#[tokio::test]
async fn every_picture_that_is_none_is_named_and_what_was_stored_is_swept() {
    let world = World::with_pictures().await;
    let submission = World::submission("look", &["cat", "words", "dog", "nothing"], "in 1h");
    let faults = world.refusal(submission).await;
    let told: Vec<_> = faults.iter().map(|fault| (fault.code.as_str(), fault.field.as_deref().unwrap())).collect();
    assert_eq!(told, [("refused_picture", "parts[0].media[1]"), ("no_such_file", "parts[0].media[3]")]);
    assert_eq!(faults[0].message, "words: This file says that it is no picture.");
    assert_eq!(world.media.count(), 1, "only what came before the first fault");
    world.run_for(9 * MINUTE_MS).await;
    world.pass(&world.engine).await;
    assert_eq!(world.media.count(), 1, "a submission has some minutes to be kept");
    world.run_for(2 * MINUTE_MS).await;
    world.pass(&world.engine).await;
    assert_eq!(world.media.count(), 0);
}

#[tokio::test]
async fn a_post_that_is_refused_for_another_reason_stores_no_picture() {
    let world = World::with_pictures().await;
    let too_long = "x".repeat(301);
    let faults = world.refusal(World::submission(&too_long, &["cat", "words"], "yesterday")).await;
    let codes: Vec<_> = faults.iter().map(|fault| fault.code.as_str()).collect();
    assert!(codes.contains(&"too_many_graphemes") && codes.contains(&"refused_picture"), "{codes:?}");
    assert_eq!(world.media.count(), 0);
}

#[tokio::test]
async fn a_picture_with_an_empty_text_is_a_post() {
    let world = World::with_pictures().await;
    let submission = World::submission("", &["cat"], "in 1h");
    let kept = world.intake.submit(submission, world.originals.as_ref()).await.unwrap();
    world.run_for(HOUR_MS).await;
    assert_eq!(world.state(&kept.post.id).await, StateName::Published);
}

/// How late a post left, in milliseconds.
async fn lateness(world: &World, post: &PostId) -> i64 {
    match world.delivery(post).await.state {
        State::Published { receipt } => receipt.lateness_ms,
        state => panic!("not published: {state:?}"),
    }
}

#[tokio::test]
async fn an_upload_makes_no_other_post_of_the_account_late() {
    let world = World::with_pictures().await;
    world.platform.order_upload("look", SignedDuration::from_secs(180));
    let pictures = world.submit_pictures(&["cat"], "in 10m").await.post.id;
    let mut words = Vec::new();
    for second in [-50, -20, 10, 20, 28, 150] {
        words.push(world.submit(&format!("words {second}"), "alice", &format!("in {}s", 600 + second)).await);
    }
    world.run_for(HOUR_MS).await;
    for post in &words {
        assert_eq!(lateness(&world, post).await, 0);
    }
    let late_ms = lateness(&world, &pictures).await;
    assert!((120_000..122_000).contains(&late_ms), "as late as its upload: {late_ms}");
    assert_eq!(world.platform.calls().upload, 1, "it was not begun again");
}

#[tokio::test]
async fn a_post_that_is_submitted_during_an_upload_goes_out_at_once() {
    let world = World::with_pictures().await;
    world.platform.order_upload("look", SignedDuration::from_secs(60));
    world.submit_pictures(&["cat"], "in 2m").await;
    world.run_for(75_000).await;
    let news = world.submit("breaking news", "alice", "now").await;
    world.run_for(HOUR_MS).await;
    assert!(lateness(&world, &news).await < 1_200, "{}", lateness(&world, &news).await);
}

#[tokio::test]
async fn an_upload_is_told_once_in_the_story() {
    let world = World::with_pictures().await;
    world.platform.order_upload("look", SignedDuration::from_secs(50));
    let post = world.submit_pictures(&["cat"], "in 2m").await.post.id;
    world.run_for(HOUR_MS).await;
    assert_eq!(lateness(&world, &post).await, 0);
    let delivery = world.delivery(&post).await;
    let told: Vec<String> =
        world.intake.story(&delivery.id).await.unwrap().iter().map(|line| story::tell(&line.event)).collect();
    let uploads = told.iter().filter(|line| line.contains("uploaded")).count();
    assert_eq!(uploads, 1, "{told:#?}");
}
