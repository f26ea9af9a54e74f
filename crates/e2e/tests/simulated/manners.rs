//! What is told about posts beside the others of their accounts. All of them are kept.

use jiff::SignedDuration;
use skein_domain::{Media, Part, Warning};
use skein_e2e::submission::submission;
use skein_intake::Submission;

use crate::{HOUR_MS, World};

fn submission_to(text: &str, pictures: &[&str], accounts: &[&str], at: &str) -> Submission {
    let media = pictures.iter().map(|source| Media::new(*source, "a swan")).collect();
    let accounts = accounts.iter().map(|account| format!("{account}.test")).collect();
    Submission { accounts, ..submission(vec![Part { text: text.to_owned(), media }], Some(at)) }
}

impl World {
    /// What submitting tells, after what previewing tells was found to be the same.
    async fn told(&self, submission: Submission) -> Vec<Warning> {
        let preview = self.intake.preview(&submission, self.originals.as_ref()).await.unwrap();
        let submitted = self.intake.submit(submission, self.originals.as_ref()).await.unwrap();
        self.clock.advance(SignedDuration::from_millis(1));
        let known = |warnings: Vec<Warning>| -> Vec<Warning> {
            let codes = ["duplicate_post", "similar_post", "frequent_posts"];
            warnings.into_iter().filter(|warning| codes.contains(&warning.code.as_str())).collect()
        };
        let told = known(submitted.warnings);
        let codes = |warnings: &[Warning]| warnings.iter().map(|warning| warning.code.clone()).collect::<Vec<_>>();
        assert_eq!(codes(&known(preview.warnings)), codes(&told));
        told
    }

    async fn codes(&self, text: &str, account: &str, at: &str) -> Vec<String> {
        self.told(submission_to(text, &[], &[account], at)).await.into_iter().map(|warning| warning.code).collect()
    }
}

#[tokio::test]
async fn the_same_text_within_a_day_names_the_other_post() {
    let world = World::new(1);
    world.account("goose").await;
    world.account("swan").await;
    let first = world.submit("Hi", "goose", "2026-12-02T12:00:00Z").await;

    let told = world.told(submission_to(" Hi\n", &[], &["swan", "goose"], "2026-12-02T14:10:00Z")).await;
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].code.as_str(), told[0].field.as_str()), ("duplicate_post", "parts"));
    let words = format!("{first} has the same text, for goose.test 2 h 10 min earlier.");
    assert_eq!(told[0].message, words);

    assert_eq!(world.codes("Hi", "goose", "2026-12-01T12:00:01Z").await, ["duplicate_post"]);
    assert!(world.codes("Ho", "goose", "2026-12-02T12:00:00Z").await.is_empty());
}

#[tokio::test]
async fn a_day_apart_or_on_another_account_it_is_another_post() {
    let world = World::new(2);
    world.account("goose").await;
    world.account("swan").await;
    world.submit("Hi", "goose", "2026-12-03T12:00:00Z").await;
    assert!(world.codes("Hi", "swan", "2026-12-03T12:00:00Z").await.is_empty());
    assert!(world.codes("Hi", "goose", "2026-12-02T11:59:59Z").await.is_empty());
    assert!(world.codes("Hi", "goose", "2026-12-04T12:00:01Z").await.is_empty());
}

#[tokio::test]
async fn what_was_published_counts_and_what_was_canceled_or_deleted_does_not() {
    let world = World::new(3);
    world.account("goose").await;
    let canceled = world.submit("Hi", "goose", "in 2h").await;
    world.intake.cancel(&world.found(&canceled).await).await.unwrap();
    assert!(world.codes("Hi", "goose", "now").await.is_empty());
    world.run_for(HOUR_MS).await;
    assert_eq!(world.platform.landed_texts("did:plc:goose"), ["Hi"]);
    assert_eq!(world.codes("Hi", "goose", "now").await, ["duplicate_post"]);
    world.run_for(HOUR_MS).await;
    assert_eq!(world.platform.landed_texts("did:plc:goose"), ["Hi", "Hi"], "a warning keeps nothing back");
}

#[tokio::test]
async fn a_text_that_is_nearly_the_same_is_told_where_none_is_the_same() {
    let world = World::new(4);
    world.account("goose").await;
    let first = world.submit("Our new release is out today with many fixes", "goose", "in 3h").await;
    let told = world
        .told(submission_to(
            "OUR new release is out today, with many fixes! https://a.example/x",
            &[],
            &["goose"],
            "in 2h",
        ))
        .await;
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].code.as_str(), told[0].field.as_str()), ("similar_post", "parts"));
    assert!(told[0].message.starts_with(&format!("{first} has nearly the same text, for goose.test")), "{told:?}");
    let same = world.codes("Our new release is out today with many fixes", "goose", "in 150m").await;
    assert_eq!(same, ["duplicate_post"]);
    assert!(world.codes("Our old friends are here tonight with many pies", "goose", "in 2h").await.is_empty());
}

#[tokio::test]
async fn a_post_of_the_same_name_is_not_its_own_duplicate() {
    let world = World::new(5);
    world.account("goose").await;
    let mut named = submission_to("Hi", &[], &["goose"], "in 2h");
    named.name = Some("launch".to_owned());
    assert!(world.told(named.clone()).await.is_empty());
    let preview = world.intake.preview(&named, world.originals.as_ref()).await.unwrap();
    assert_eq!(preview.warnings, []);
    named.name = None;
    assert_eq!(world.told(named).await[0].code, "duplicate_post");
}

#[tokio::test]
async fn the_eleventh_post_within_an_hour_is_told() {
    let world = World::new(6);
    world.account("goose").await;
    world.account("swan").await;
    for minute in 0..10 {
        let at = format!("2026-12-02T12:{:02}:00Z", minute * 5);
        assert!(world.codes(&format!("Number {minute}"), "goose", &at).await.is_empty(), "{at}");
    }
    assert!(world.codes("Eleven", "swan", "2026-12-02T12:30:00Z").await.is_empty(), "another account");
    assert!(world.codes("Eleven", "goose", "2026-12-02T13:00:00Z").await.is_empty(), "another hour");
    let told = world.told(submission_to("Twelve", &[], &["goose"], "2026-12-02T12:59:59Z")).await;
    assert_eq!((told[0].code.as_str(), told[0].field.as_str()), ("frequent_posts", "at"));
    assert!(told[0].message.contains("11 posts of goose.test"), "{told:?}");
}
