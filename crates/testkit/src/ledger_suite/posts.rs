//! Cases: submitting and finding posts.

use std::sync::Arc;

use skein_domain::ports::{ContentHash, Ledger, LedgerError, QueueFilter};
use skein_domain::story::Line;
use skein_domain::{
    Delivery, Event, Format, Layout, Media, Named, Part, Post, PostId, PostName, Split, StateName, WorkspaceId,
};

use super::scene::{Scene, assert_invalid, assert_not_found};
use crate::samples::{self, at_ms, at_us};

/// Every field of the post, of each delivery and of each line.
pub async fn a_submission_reads_back_with_its_stories(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let (one, two) = (scene.account("one.example").await, scene.account("two.example").await);
    let mut post = scene.samples.post_submitted(&["First.", "Second."], at_us(9_000_001), at_us(3));
    post.named = Some(named("a ref of 100 % _?"));
    post.draft.reply_to = Some("at://did:plc:x/app.bsky.feed.post/3k".to_owned());
    post.draft.parts[1].media = vec![Media::new("swan.png", "A swan.")];
    post.draft.langs = vec!["fr".to_owned(), "pt-BR".to_owned()];
    post.draft.layout = Layout { format: Format::Markdown, split: Split::Numbered, shorten: true };
    let mut deliveries = [scene.samples.delivery(&post, &one), scene.samples.delivery(&post, &two)];
    deliveries.sort_by(|a, b| a.id.cmp(&b.id));
    let lines = [
        line(&deliveries[0], Event::Edited { wake_at: at_us(5) }),
        line(&deliveries[1], Event::Canceled),
        line(&deliveries[0], Event::PastGrace { late_by_ms: 3 }),
    ];
    scene.ledger.submit(&post, &deliveries, &lines, &[]).await.unwrap();

    assert_eq!(scene.ledger.post(&post.id).await.unwrap(), post);
    for delivery in &deliveries {
        assert_eq!(scene.ledger.delivery(&delivery.id).await.unwrap(), *delivery);
    }
    assert_eq!(scene.ledger.story(&deliveries[0].id).await.unwrap(), [lines[0].clone(), lines[2].clone()]);
    assert_eq!(scene.ledger.story(&deliveries[1].id).await.unwrap(), [lines[1].clone()]);
    assert_eq!(everything(&scene).await, deliveries);
}

/// A fault in the last of the deliveries takes the post, the first delivery and all lines with it.
pub async fn a_submission_is_kept_whole_or_not_at_all(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let post = scene.samples.post(&["A goose."], at_ms(10));
    let good = scene.samples.delivery(&post, &account);
    let without_bytes = Delivery { prepared: None, ..samples::in_state(good.clone(), StateName::Ready, at_ms(10)) };
    let broken = Delivery { id: scene.samples.stray_delivery_id(), ..without_bytes };
    let twice = good.clone();
    for bad in [broken, twice] {
        let lines = [line(&good, Event::Canceled)];
        assert_invalid(scene.ledger.submit(&post, &[good.clone(), bad], &lines, &[]).await);
        assert_not_found(scene.ledger.post(&post.id).await);
        assert_not_found(scene.ledger.delivery(&good.id).await);
        assert_eq!((everything(&scene).await, scene.ledger.next_wake().await.unwrap()), (vec![], None));
    }
    scene.ledger.submit(&post, std::slice::from_ref(&good), &[], &[]).await.unwrap();
    assert!(scene.ledger.story(&good.id).await.unwrap().is_empty(), "the lines of a refused submission are gone");
}

/// An id is kept once.
pub async fn a_second_submission_of_the_same_post_changes_nothing(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let post = scene.samples.post(&["A goose."], at_ms(10));
    let delivery = scene.samples.delivery(&post, &account);
    scene.ledger.submit(&post, std::slice::from_ref(&delivery), &[], &[]).await.unwrap();

    let mut changed = post.clone();
    changed.draft.parts = vec![Part::text("A swan.")];
    let another = scene.samples.delivery(&changed, &account);
    assert_invalid(scene.ledger.submit(&changed, std::slice::from_ref(&another), &[], &[]).await);
    assert_eq!(scene.ledger.post(&post.id).await.unwrap(), post);

    let other_post = scene.samples.post(&["A swan."], at_ms(10));
    let same_delivery = Delivery { post: other_post.id.clone(), ..delivery.clone() };
    assert_invalid(scene.ledger.submit(&other_post, &[same_delivery], &[], &[]).await);
    assert_not_found(scene.ledger.post(&other_post.id).await);
    assert_eq!(everything(&scene).await, [delivery]);
}

/// `NotFound` or `Invalid`, and no trace.
pub async fn a_submission_for_an_unknown_account_keeps_nothing(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let known = scene.account("known.example").await;
    let unknown = scene.samples.account("unknown.example");
    let post = scene.samples.post(&["A goose."], at_ms(10));
    let deliveries = [scene.samples.delivery(&post, &known), scene.samples.delivery(&post, &unknown)];
    let refused = scene.ledger.submit(&post, &deliveries, &[], &[]).await;
    assert!(matches!(refused, Err(LedgerError::NotFound(_) | LedgerError::Invalid(_))), "{refused:?}");
    assert_not_found(scene.ledger.post(&post.id).await);
    assert!(everything(&scene).await.is_empty());
}

/// Ids sort by the instant of submission, so the newest come first.
pub async fn posts_are_found_by_prefix_newest_first(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let mut posts = Vec::new();
    for ms in [0, 200_000_000, 100_000_000] {
        let post = scene.samples.post_submitted(&["A goose."], at_ms(0), at_ms(ms));
        scene.ledger.submit(&post, &[], &[], &[]).await.unwrap();
        posts.push(post);
    }
    let team = WorkspaceId::parse("team").unwrap();
    let theirs =
        Post { workspace: team.clone(), ..scene.samples.post_submitted(&["A swan."], at_ms(0), at_ms(400_000_000)) };
    scene.ledger.submit(&theirs, &[], &[], &[]).await.unwrap();

    let newest_first = [posts[1].clone(), posts[2].clone(), posts[0].clone()];
    let personal = WorkspaceId::personal();
    for prefix in ["", "post_", &posts[0].id.as_str()[..8]] {
        assert_eq!(scene.ledger.posts(&personal, prefix, 10).await.unwrap(), newest_first, "prefix {prefix:?}");
    }
    assert_eq!(scene.ledger.posts(&personal, "post_", 2).await.unwrap(), newest_first[..2]);
    assert!(scene.ledger.posts(&personal, "post_", 0).await.unwrap().is_empty());
    for post in &posts {
        assert_eq!(scene.ledger.posts(&personal, post.id.as_str(), 10).await.unwrap(), std::slice::from_ref(post));
    }
    assert_eq!(scene.ledger.posts(&team, "post_", 10).await.unwrap(), [theirs]);
}

/// Neither wildcards nor letter case may match more than was typed.
pub async fn a_prefix_is_a_text_and_not_a_pattern(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let post = scene.samples.post(&["A goose."], at_ms(0));
    scene.ledger.submit(&post, &[], &[], &[]).await.unwrap();
    let personal = WorkspaceId::personal();
    let longer = format!("{}0", post.id);
    for prefix in ["%", "_", "p%", "post__", "*", "p*", "POST_", "ost_", "'", "\\", &longer] {
        assert!(scene.ledger.posts(&personal, prefix, 10).await.unwrap().is_empty(), "prefix {prefix:?}");
    }
    let found = scene.ledger.posts(&personal, PostId::PREFIX, 10).await.unwrap();
    assert_eq!(found, [post]);
}

/// Letter case counts, and other workspaces do not.
pub async fn a_name_is_given_once_in_a_workspace(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let post = Post { named: Some(named("launch")), ..scene.samples.post(&["A goose."], at_ms(0)) };
    scene.ledger.submit(&post, &[], &[], &[]).await.unwrap();

    let second = Post { named: Some(named("launch")), ..scene.samples.post(&["A swan."], at_ms(0)) };
    let delivery = scene.samples.delivery(&second, &account);
    let refused = scene.ledger.submit(&second, &[delivery], &[], &[]).await;
    assert!(matches!(refused, Err(LedgerError::NameTaken)), "{refused:?}");
    assert_not_found(scene.ledger.post(&second.id).await);
    assert!(everything(&scene).await.is_empty());

    let (personal, team) = (WorkspaceId::personal(), WorkspaceId::parse("team").unwrap());
    for other in [
        Post { named: Some(named("Launch")), ..scene.samples.post(&["A swan."], at_ms(0)) },
        Post {
            workspace: team.clone(),
            ..Post { named: Some(named("launch")), ..scene.samples.post(&["A swan."], at_ms(0)) }
        },
        scene.samples.post(&["A swan."], at_ms(0)),
        scene.samples.post(&["A swan."], at_ms(0)),
    ] {
        scene.ledger.submit(&other, &[], &[], &[]).await.unwrap();
    }
    let find = async |workspace: &WorkspaceId, name: &str| {
        scene.ledger.post_named(workspace, &PostName::parse(name).unwrap()).await.unwrap()
    };
    assert_eq!(find(&personal, "launch").await, Some(post.clone()));
    assert_eq!(find(&team, "launch").await.unwrap().workspace, team);
    assert_eq!(find(&personal, "l%").await, None);
    assert_eq!(find(&team, "Launch").await, None);
}

/// Whoever is second is told, however close they were.
pub async fn of_several_posts_of_one_name_one_is_kept(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let post = |text: &str| Post { named: Some(named("launch")), ..scene.samples.post(&[text], at_ms(0)) };
    let submits = ["one", "two", "three", "four"].map(|text| {
        let (ledger, post) = (Arc::clone(&scene.ledger), post(text));
        tokio::spawn(async move { ledger.submit(&post, &[], &[], &[]).await })
    });
    let mut kept = Vec::new();
    for submit in submits {
        kept.push(submit.await.unwrap());
    }
    assert_eq!(kept.iter().filter(|kept| kept.is_ok()).count(), 1);
    assert_eq!(kept.iter().filter(|kept| matches!(kept, Err(LedgerError::NameTaken))).count(), 3, "{kept:?}");
}

fn named(name: &str) -> Named {
    Named { name: PostName::parse(name).unwrap(), body: ContentHash::of(name.as_bytes()) }
}

async fn everything(scene: &Scene) -> Vec<Delivery> {
    scene.ledger.queue(&QueueFilter { at_most: 100, ..QueueFilter::default() }).await.unwrap()
}

fn line(delivery: &Delivery, event: Event) -> Line {
    Line { delivery: delivery.id.clone(), at: at_us(7), event }
}
