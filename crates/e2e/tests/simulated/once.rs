//! A post that has a name is kept once, and published once.

use std::sync::Arc;

use skein_domain::{CardChoice, GivenCard, Media, Part, StateName};
use skein_e2e::submission::submission;
use skein_intake::{IntakeError, Submission, Submitted};
use skein_store::{DatabaseUrl, MasterKey, Store};
use skein_testkit::SeededEntropy;

use crate::World;

fn named(name: &str, text: &str) -> Submission {
    Submission { name: Some(name.to_owned()), ..submission(vec![Part::text(text)], None) }
}

async fn submit(world: &World, submission: Submission) -> Result<Submitted, IntakeError> {
    world.intake.submit(submission, world.originals.as_ref()).await
}

fn refused(outcome: Result<Submitted, IntakeError>) -> String {
    outcome.map(|submitted| submitted.post.id).unwrap_err().faults().remove(0).code
}

#[tokio::test]
async fn the_same_post_under_the_same_name_is_the_first_one() {
    let world = World::new(1);
    world.account("goose").await;
    let first = submit(&world, named("launch", "Out now")).await.unwrap();
    let again = submit(&world, named("launch", "Out now")).await.unwrap();
    assert_eq!(again.post, first.post);
    assert_eq!(again.deliveries, first.deliveries);
    assert_eq!(again.warnings[0].code, "submitted_before");

    world.pass(&world.engine).await;
    let receipt_of_first = submit(&world, named("launch", "Out now")).await.unwrap();
    assert_eq!(receipt_of_first.deliveries[0].state.name(), StateName::Published);
    assert_eq!(world.platform.landed_texts("did:plc:goose"), ["Out now"]);
    assert_eq!(world.intake.find_post("ref:launch").await.unwrap(), first.post);
}

#[tokio::test]
async fn another_body_under_the_same_name_is_refused_and_names_the_first() {
    let world = World::new(2);
    world.account("goose").await;
    let first = submit(&world, named("launch", "Out now")).await.unwrap();
    let mut later = named("launch", "Out now");
    later.at = Some("in 20m".to_owned());
    let mut pictured = named("launch", "Out now");
    pictured.draft.parts[0].media = vec![Media::new("swan.png", "")];
    for other in [named("launch", "Out soon"), later, pictured] {
        let error = submit(&world, other).await.unwrap_err();
        let fault = error.faults().remove(0);
        assert_eq!((fault.code.as_str(), fault.field.as_deref()), ("ref_taken", Some("ref")));
        assert!(fault.to_string().contains(first.post.id.as_str()), "{fault}");
    }
    assert!(submit(&world, named("Launch", "Out soon")).await.is_ok(), "another name is another post");
}

#[tokio::test]
async fn a_name_that_is_none_is_told_beside_the_other_faults() {
    let world = World::new(3);
    world.account("goose").await;
    let mut wrong = named(" launch", "");
    wrong.at = Some("never".to_owned());
    let codes: Vec<_> = submit(&world, wrong).await.unwrap_err().faults().into_iter().map(|fault| fault.code).collect();
    assert!(codes.contains(&"ref_invalid".to_owned()) && codes.len() >= 3, "{codes:?}");
}

#[tokio::test]
async fn a_refused_submission_leaves_its_name_free() {
    let world = World::new(4);
    world.account("goose").await;
    refused(submit(&world, named("launch", "")).await);
    assert!(submit(&world, named("launch", "Out now")).await.is_ok());
}

#[tokio::test]
async fn an_answer_finds_the_post_by_its_name() {
    let world = World::new(5);
    world.account("goose").await;
    submit(&world, named("first", "One")).await.unwrap();
    let answer = |name: &str| {
        let mut answer = named(name, "Two");
        answer.draft.reply_to = Some("ref:first".to_owned());
        answer
    };
    assert_eq!(refused(submit(&world, answer("second")).await), "reply_target_not_published");
    world.pass(&world.engine).await;
    assert!(submit(&world, answer("second")).await.is_ok());
    let mut lost = answer("third");
    lost.draft.reply_to = Some("ref:nobody".to_owned());
    assert_eq!(refused(submit(&world, lost).await), "post_unknown");
}

#[tokio::test]
async fn of_many_who_submit_at_once_one_keeps_it_and_all_are_answered() {
    // A database yields where a ledger in memory does not: all of them look for the name before the first one is kept.
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::from(folder.path().join("skein.db").as_path());
    let key = MasterKey::generate(&SeededEntropy::new(1));
    let store = Store::open(&url, key, Arc::new(SeededEntropy::new(2))).await.unwrap();
    let world = World::on(Arc::new(store), 6);
    world.account("goose").await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (intake, originals) = (world.intake.clone(), Arc::clone(&world.originals));
            tokio::spawn(async move { intake.submit(named("launch", "Out now"), originals.as_ref()).await })
        })
        .collect();
    let mut ids = Vec::new();
    for task in tasks {
        ids.push(task.await.unwrap().unwrap().post.id);
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn a_picture_of_a_card_is_kept_and_compared_without_what_opens_its_door() {
    let world = World::new(7);
    world.account("goose").await;
    let signed = |token: &str| {
        let image = Some(format!("https://me:secret@cdn.example/a.png?token={token}"));
        let given =
            GivenCard { url: "https://a.example".to_owned(), title: "A".to_owned(), image, ..GivenCard::default() };
        let mut submission = named("launch", "Out now");
        submission.draft.card = CardChoice::Given(given);
        submission
    };
    let first = submit(&world, signed("one")).await.unwrap();
    let stored = world.ledger.post(&first.post.id).await.unwrap();
    let CardChoice::Given(card) = &stored.draft.card else { panic!("{stored:?}") };
    assert_eq!(card.image.as_deref(), Some("https://cdn.example/a.png"));
    assert_eq!(submit(&world, signed("two")).await.unwrap().post.id, first.post.id, "signed anew, it is the same");
}

#[tokio::test]
async fn no_page_is_asked_for_a_post_that_is_refused_anyway() {
    let world = World::new(8);
    world.account("goose").await;
    let mut late = named("launch", "Out now");
    late.at = Some("never".to_owned());
    let mut lost = named("launch", "Out now");
    lost.draft.reply_to = Some("ref:nobody".to_owned());
    let mut foreign = named("launch", "Out now");
    foreign.accounts = vec!["nobody.test".to_owned()];
    for wrong in [late, lost, foreign] {
        refused(submit(&world, wrong).await);
    }
    assert_eq!(world.platform.calls().cards, 0);
    submit(&world, named("launch", "Out now")).await.unwrap();
    assert_eq!(world.platform.calls().cards, 1);
}

#[tokio::test]
async fn a_post_that_is_refused_for_its_name_leaves_no_picture() {
    let world = World::new(9);
    world.account("goose").await;
    world.originals.add("swan.png", b"a swan");
    let mut wrong = named(" launch", "Out now");
    wrong.draft.parts[0].media = vec![Media::new("swan.png", "")];
    assert_eq!(refused(submit(&world, wrong).await), "ref_invalid");
    assert_eq!(world.media.count(), 0);
}
