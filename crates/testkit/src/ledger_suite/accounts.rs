//! Cases: accounts.

use std::sync::Arc;

use skein_domain::ports::{Ledger, NewAccount};
use skein_domain::{Account, Category, Fault, Standing, StateName, WorkspaceId};

use super::scene::{Scene, assert_invalid, assert_not_found};
use crate::samples::at_ms;

/// Handle, host and standing follow the last connection; id, hold and the first instant stay.
pub async fn connecting_twice_keeps_the_id_and_the_hold_and_refreshes_the_rest(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let first = scene.samples.new_account("old.example");
    let account = scene.ledger.connect_account(first.clone()).await.unwrap();
    assert_eq!(account.id, first.id);
    assert_eq!((account.held, &account.standing, account.connected_at), (false, &Standing::Active, first.at));
    assert_eq!(scene.ledger.account(&account.id).await.unwrap(), account);

    scene.ledger.set_held(&account.id, true).await.unwrap();
    scene.ledger.set_standing(&account.id, &needs_reconnect(), at_ms(10)).await.unwrap();
    let again = NewAccount {
        id: scene.samples.stray_account_id(),
        handle: "new.example".to_owned(),
        host: "https://other.example".to_owned(),
        at: at_ms(5_000),
        ..first
    };
    let account = scene.ledger.connect_account(again.clone()).await.unwrap();
    let expected = Account {
        handle: again.handle,
        host: again.host,
        held: true,
        standing: Standing::Active,
        id: account.id.clone(),
        workspace: again.workspace,
        platform: again.platform,
        identity: again.identity,
        connected_at: at_ms(0),
    };
    assert_ne!(account.id, again.id, "the id of the first connection stays");
    assert_eq!(account, expected);
    assert_eq!(scene.ledger.account(&account.id).await.unwrap(), expected);
    assert_eq!(scene.ledger.accounts(&WorkspaceId::personal()).await.unwrap(), [expected]);
    assert_not_found(scene.ledger.account(&again.id).await);
}

/// Two workspaces may connect one identity; their accounts share a lane and nothing else.
pub async fn the_same_identity_in_another_workspace_is_another_account(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let mine = scene.samples.new_account("shared.example");
    let theirs = NewAccount {
        id: scene.samples.stray_account_id(),
        workspace: WorkspaceId::parse("team").unwrap(),
        ..mine.clone()
    };
    let mine = scene.ledger.connect_account(mine).await.unwrap();
    let theirs = scene.ledger.connect_account(theirs).await.unwrap();
    assert_ne!(mine.id, theirs.id);
    assert_eq!(mine.lane(), theirs.lane());
    scene.ledger.set_held(&theirs.id, true).await.unwrap();
    assert!(!scene.ledger.account(&mine.id).await.unwrap().held);
}

/// By handle, and only those of the workspace.
pub async fn accounts_are_listed_by_handle_and_per_workspace(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    for handle in ["mallard.example", "anser.example", "teal.example"] {
        scene.account(handle).await;
    }
    let team = WorkspaceId::parse("team").unwrap();
    let other = NewAccount { workspace: team.clone(), ..scene.samples.new_account("brant.example") };
    scene.ledger.connect_account(other).await.unwrap();

    let handles = |accounts: Vec<Account>| accounts.into_iter().map(|account| account.handle).collect::<Vec<_>>();
    let personal = scene.ledger.accounts(&WorkspaceId::personal()).await.unwrap();
    assert_eq!(handles(personal), ["anser.example", "mallard.example", "teal.example"]);
    assert_eq!(handles(scene.ledger.accounts(&team).await.unwrap()), ["brant.example"]);
    let empty = WorkspaceId::parse("empty").unwrap();
    assert!(scene.ledger.accounts(&empty).await.unwrap().is_empty());
}

/// By id, identity, or handle in any case of its letters; one that is named twice comes once, and nobody from elsewhere.
pub async fn accounts_are_found_by_what_they_are_called(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let (anser, third) = (scene.account("anser.example").await, scene.account("teal.example").await);
    let mallard = scene.account("mallard.example").await;
    let team = WorkspaceId::parse("team").unwrap();
    let other = NewAccount { workspace: team, ..scene.samples.new_account("brant.example") };
    scene.ledger.connect_account(other).await.unwrap();

    let called = async |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        scene.ledger.accounts_called(&WorkspaceId::personal(), &names).await.unwrap()
    };
    let by_all =
        [mallard.id.as_str(), "ANSER.example", &third.identity, "teal.example", "brant.example", "nobody", "a\0b"];
    assert_eq!(called(&by_all).await, [anser.clone(), mallard, third]);
    assert!(called(&["anser", "", "ANSER.example "]).await.is_empty());
    // More names than go into one statement.
    let many: Vec<String> =
        (0..70).map(|number| format!("goose{number}.example")).chain([anser.handle.clone()]).collect();
    assert_eq!(scene.ledger.accounts_called(&WorkspaceId::personal(), &many).await.unwrap(), [anser]);
}

/// Holding touches neither other accounts nor the account's deliveries.
pub async fn an_account_is_held_and_released_alone(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let (held, other) = (scene.account("held.example").await, scene.account("other.example").await);
    let delivery = scene.submitted(&held, StateName::Scheduled, at_ms(10)).await;
    scene.ledger.set_held(&held.id, true).await.unwrap();
    assert_eq!(scene.ledger.account(&held.id).await.unwrap(), Account { held: true, ..held.clone() });
    assert_eq!(scene.ledger.account(&other.id).await.unwrap(), other);
    assert_eq!(scene.ledger.delivery(&delivery.id).await.unwrap(), delivery);
    assert_eq!(scene.ledger.next_wake().await.unwrap(), Some(at_ms(10)));
    scene.ledger.set_held(&held.id, false).await.unwrap();
    assert_eq!(scene.ledger.account(&held.id).await.unwrap(), held);
}

/// A standing reads back with every field of its fault.
pub async fn standing_is_kept_with_its_fault(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    scene.ledger.set_standing(&account.id, &needs_reconnect(), at_ms(10)).await.unwrap();
    assert_eq!(scene.ledger.account(&account.id).await.unwrap().standing, needs_reconnect());
    scene.ledger.set_standing(&account.id, &Standing::Active, at_ms(10)).await.unwrap();
    assert_eq!(scene.ledger.account(&account.id).await.unwrap(), account);
}

/// Every state that is not at rest protects the account, and so does one that waits for a person; another account's deliveries do not.
pub async fn an_account_with_open_deliveries_is_not_removed(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let idle = scene.account("idle.example").await;
    for (index, state) in StateName::ALL.into_iter().enumerate() {
        let account = scene.account(&format!("a{index}.example")).await;
        scene.submitted(&account, state, at_ms(1_000)).await;
        let removed = scene.ledger.remove_account(&account.id).await;
        if state.is_over() {
            removed.unwrap();
            assert_not_found(scene.ledger.account(&account.id).await);
        } else {
            assert_invalid(removed);
            assert_eq!(scene.ledger.account(&account.id).await.unwrap(), account);
        }
    }
    scene.ledger.remove_account(&idle.id).await.unwrap();
    assert!(!scene.ledger.accounts(&WorkspaceId::personal()).await.unwrap().contains(&idle));
}

/// What was published stays proven when its account is forgotten, and the identity may come back.
pub async fn a_removed_account_leaves_its_receipts_and_can_be_connected_again(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let new = scene.samples.new_account("goose.example");
    let account = scene.ledger.connect_account(new.clone()).await.unwrap();
    scene.ledger.set_held(&account.id, true).await.unwrap();
    let delivery = scene.submitted(&account, StateName::Published, at_ms(10)).await;
    scene.ledger.remove_account(&account.id).await.unwrap();
    assert_eq!(scene.ledger.delivery(&delivery.id).await.unwrap(), delivery);
    assert_eq!(scene.ledger.post(&delivery.post).await.unwrap().id, delivery.post);

    let again = NewAccount { id: scene.samples.stray_account_id(), at: at_ms(50), ..new };
    let back = scene.ledger.connect_account(again).await.unwrap();
    assert_eq!((back.held, &back.standing, back.connected_at), (false, &Standing::Active, at_ms(50)));
    assert_eq!(scene.ledger.accounts(&WorkspaceId::personal()).await.unwrap(), [back]);
}

/// Every method that names one row says so when it is missing.
pub async fn what_is_not_there_is_not_found(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.samples.stray_account_id();
    assert_not_found(scene.ledger.account(&account).await);
    assert_not_found(scene.ledger.set_held(&account, true).await);
    assert_not_found(scene.ledger.set_standing(&account, &Standing::Active, at_ms(10)).await);
    assert_not_found(scene.ledger.remove_account(&account).await);
    assert_not_found(scene.ledger.post(&scene.samples.stray_post_id()).await);
    assert_not_found(scene.ledger.delivery(&scene.samples.stray_delivery_id()).await);
}

fn needs_reconnect() -> Standing {
    let fault = Fault::new("session_ended", Category::AuthExpired, "The session ended.")
        .of_account("goose.example")
        .given("an app password")
        .next("Connect the account again.");
    Standing::NeedsReconnect { fault }
}
