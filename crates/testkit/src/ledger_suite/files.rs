//! Cases: which media files are still needed.

use std::sync::Arc;

use skein_domain::ports::{Change, ContentHash, Ledger};
use skein_domain::{Delivery, StateName};

use super::scene::{Scene, assert_invalid};
use crate::samples::{self, at_ms};

/// What failed, was missed or waits for a person may yet be sent; what is published, canceled or removed may not.
pub async fn a_file_is_needed_until_every_delivery_of_its_posts_is_final(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let accounts = [scene.account("goose.example").await, scene.account("swan.example").await];
    let [shared, alone] = [ContentHash::of(b"shared"), ContentHash::of(b"alone")];
    assert!(!scene.ledger.needs_file(&shared).await.unwrap(), "nobody named it yet");
    let mut kept = Vec::new();
    let files = [&[shared.clone(), alone.clone(), shared.clone()][..], std::slice::from_ref(&shared)];
    for (account, files) in accounts.iter().zip(files) {
        let post = scene.samples.post(&["A goose."], at_ms(10));
        let delivery = scene.samples.delivery(&post, account);
        scene.ledger.submit(&post, std::slice::from_ref(&delivery), &[], files).await.unwrap();
        kept.push(delivery);
    }
    let needed = async || {
        let needs = |file| scene.ledger.needs_file(file);
        (needs(&shared).await.unwrap(), needs(&alone).await.unwrap())
    };
    assert_eq!(needed().await, (true, true));
    let steps = [
        (0, StateName::Failed, (true, true)),
        (0, StateName::Missed, (true, true)),
        (0, StateName::NeedsReview, (true, true)),
        (0, StateName::Published, (true, false)),
        (1, StateName::Settling, (true, false)),
        (1, StateName::Canceled, (false, false)),
        (0, StateName::Removed, (false, false)),
    ];
    for (which, state, expected) in steps {
        let kept: &mut Delivery = &mut kept[which];
        let mut next = samples::in_state(kept.clone(), state, at_ms(20));
        next.version = kept.version + 1;
        let change = Change::between(kept, next.clone(), vec![]);
        scene.ledger.save(&change).await.unwrap();
        *kept = next;
        assert_eq!(needed().await, expected, "{state:?}");
    }
}

/// The files of a post are noted in the same transaction.
pub async fn a_refused_submission_needs_no_file(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let post = scene.samples.post(&["A goose."], at_ms(10));
    let delivery = scene.samples.delivery(&post, &account);
    let file = ContentHash::of(b"goose");
    let twice = [delivery.clone(), delivery];
    assert_invalid(scene.ledger.submit(&post, &twice, &[], std::slice::from_ref(&file)).await);
    assert!(!scene.ledger.needs_file(&file).await.unwrap());
}
