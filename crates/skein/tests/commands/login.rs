//! Logging in, and what a refused login keeps.

use crate::installation::{Installation, Ran, Scene};
use serde_json::json;
use skein_sandbox::{AccountState, Fault};

/// A refused login: exit 4, nothing was changed, and no password in what is said.
async fn refused(scene: &Scene, ran: Ran, words: &str) {
    let ran = ran.exits(4).says(words).says("Nothing was changed.");
    assert!(ran.stdout.is_empty(), "{ran:#?}");
    for password in [&scene.alice.password, &scene.alice.app_password] {
        assert!(!ran.stderr.contains(password.as_str()), "{ran:#?}");
    }
    assert_eq!(scene.run(&["accounts", "--json"]).await.exits(0).json(), json!([]));
}

#[tokio::test]
async fn login_says_who_is_connected() {
    let scene = Scene::new().await;
    let ran = scene.login(&scene.alice.app_password).await.exits(0).says("Connected @alice.test.");
    assert!(ran.stdout.contains(&scene.alice.did) && ran.stdout.contains(scene.sandbox.url()), "{ran:#?}");
    let accounts = scene.run(&["accounts", "list", "--json"]).await.exits(0).json();
    assert_eq!(accounts[0]["identity"], scene.alice.did.as_str());
    scene.run(&["accounts", "verify"]).await.exits(0).says("works");
}

#[tokio::test]
async fn a_password_can_come_through_standard_input() {
    let scene = Scene::new().await;
    let line = format!("{}\n", scene.alice.app_password);
    scene.skein.run_with(&["login", "@alice.test", "--password-stdin"], &[], &line).await.exits(0);
}

#[tokio::test]
async fn without_a_password_and_without_a_terminal_it_says_how_to_give_one() {
    Installation::alone().run(&["login", "alice.test"]).await.exits(2).says("--password-stdin");
}

#[tokio::test]
async fn a_wrong_password_changes_nothing() {
    let scene = Scene::new().await;
    let ran = scene.login("aaaa-bbbb-cccc-dddd").await;
    refused(&scene, ran, "does not accept this password").await;
}

#[tokio::test]
async fn a_main_password_is_refused_unless_it_is_allowed() {
    let scene = Scene::new().await;
    let ran = scene.login(&scene.alice.password).await;
    refused(&scene, ran, "main password").await;
    let ran = scene.login("correct horse battery staple").await;
    refused(&scene, ran, "It was not sent anywhere.").await;
    let allowed = ["login", "alice.test", "--allow-main-password"];
    let password = ("SKEIN_PASSWORD", scene.alice.password.as_str());
    scene.skein.run_with(&allowed, &[password], "").await.exits(0).says("can do everything");
}

#[tokio::test]
async fn a_network_that_cannot_be_reached_changes_nothing() {
    let skein = Installation::alone();
    let password = [("SKEIN_PASSWORD", "aaaa-bbbb-cccc-dddd")];
    let ran = skein.run_with(&["login", "alice.test"], &password, "").await.exits(4);
    ran.says("The password was not sent anywhere.").says("Nothing was changed.");
}

#[tokio::test]
async fn a_handle_that_is_none_is_refused_before_anybody_is_asked() {
    let password = [("SKEIN_PASSWORD", "aaaa-bbbb-cccc-dddd")];
    let ran = Installation::alone().run_with(&["login", "alice"], &password, "").await.exits(3);
    ran.says("alice.bsky.social");
}

#[tokio::test]
async fn an_account_that_was_taken_down_is_told_apart_from_a_wrong_password() {
    let scene = Scene::new().await;
    scene.sandbox.set_account_state("alice.test", AccountState::Takendown).unwrap();
    scene.login(&scene.alice.app_password).await.exits(4).says("Nothing was changed.");
}

#[tokio::test]
async fn credentials_of_the_environment_connect_by_themselves_and_the_password_is_not_kept() {
    let scene = Scene::new().await;
    let credentials = [("BLUESKY_HANDLE", "alice.test"), ("BLUESKY_PASSWORD", scene.alice.app_password.as_str())];
    let ran = scene.skein.run_with(&["post", "hi"], &credentials, "").await.exits(0);
    ran.says("Connected @alice.test from the environment").says("Published as @alice.test");
    let kept = scene.skein.bytes();
    let password = scene.alice.app_password.as_bytes();
    assert!(!kept.windows(password.len()).any(|bytes| bytes == password), "the password is stored");
    scene.run(&["post", "the session is kept"]).await.exits(0);
}

#[tokio::test]
async fn a_password_of_one_name_is_not_used_for_the_handle_of_another() {
    let scene = Scene::new().await;
    let password = scene.alice.app_password.as_str();
    for credentials in [
        [("BLUESKY_HANDLE", "alice.test"), ("SKEIN_PASSWORD", password)],
        [("BSKY_AUTH_USERNAME", "alice.test"), ("BLUESKY_PASSWORD", password)],
        [("SKEIN_HANDLE", "alice.test"), ("BSKY_AUTH_PASSWORD", password)],
    ] {
        let ran = scene.skein.run_with(&["post", "hi"], &credentials, "").await.exits(3);
        ran.says("skein login HANDLE").says("Nothing was stored.");
    }
    for name in ["BSKY_AUTH_PASSWORD", "BLUESKY_PASSWORD"] {
        scene.skein.run_with(&["login", "alice.test"], &[(name, password)], "").await.exits(2).says("SKEIN_PASSWORD");
    }
    assert_eq!(scene.run(&["accounts", "--json"]).await.exits(0).json(), json!([]));
}

#[tokio::test]
async fn a_revoked_session_keeps_the_post_until_the_next_login() {
    let scene = Scene::logged_in().await;
    scene.order(Fault::RevokedPassword);
    let ran = scene.run(&["post", "kept"]).await.exits(4);
    ran.says("Your post is kept as post_").says("it goes out after `skein login alice.test`");
    scene.run(&["accounts"]).await.exits(0).says("needs login");
    let again = scene.login(&scene.alice.app_password).await.exits(0);
    again.says("1 post that waited for this goes on now.").says("start `skein serve`");
    scene.run(&["work", "--once"]).await.exits(0);
    let receipt = scene.run(&["receipt", "last", "--json"]).await.exits(0).json();
    assert_eq!(receipt["records"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_account_is_removed_when_it_has_nothing_left_to_do() {
    let scene = Scene::logged_in().await;
    scene.run(&["post", "later", "--at", "in 1h"]).await.exits(6);
    scene.run(&["accounts", "remove", "alice.test"]).await.exits(1).says("still has posts");
    scene.run(&["queue", "cancel", "last"]).await.exits(0);
    scene.run(&["accounts", "remove", "alice.test"]).await.exits(0).says("Removed @alice.test.");
    assert_eq!(scene.run(&["accounts", "--json"]).await.json(), json!([]));
}
