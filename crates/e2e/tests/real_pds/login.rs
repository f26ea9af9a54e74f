//! Logging in, and what a refused login keeps.

use skein_e2e::rig::Rig;
use skein_testkit::real_pds::RealPds;

use crate::Scene;

#[tokio::test]
async fn real_pds_refuses_wrong_and_main_passwords_with_words() {
    let pds = RealPds::start().await.unwrap();
    let alice = pds.create_account("alice.test").await.unwrap();
    let rig = Rig::new(env!("CARGO_BIN_EXE_skein-under-test"), pds.plc_url(), pds.pds_url());

    let wrong = rig.login("alice.test", pds.pds_url(), "aaaa-bbbb-cccc-dddd").await.exits(4);
    assert!(wrong.stderr.contains("does not accept this password"), "{wrong:?}");
    let main = rig.login("alice.test", pds.pds_url(), &alice.password).await.exits(4);
    assert!(main.stderr.contains("main password"), "{main:?}");
    let nowhere = rig.login("alice.test", "http://localhost:9", &alice.app_password).await.exits(4);
    assert!(nowhere.stderr.contains("could not be"), "{nowhere:?}");
    for ran in [&wrong, &main, &nowhere] {
        assert!(!ran.stderr.contains(&alice.password) && !ran.stderr.contains(&alice.app_password), "{ran:?}");
    }
    assert_eq!(rig.run(&["accounts", "--json"]).await.exits(0).json(), serde_json::json!([]));
    let connected = rig.login("alice.test", pds.pds_url(), &alice.app_password).await.exits(0);
    assert!(connected.stdout.contains(&alice.did), "{connected:?}");
}

#[tokio::test]
async fn real_pds_revoked_app_password_keeps_the_post_until_the_next_login() {
    let scene = Scene::set().await;
    scene.rig.run(&["post", "the first"]).await.exits(0);
    scene.pds.deactivate(&scene.alice).await.unwrap();
    let stopped = scene.rig.run(&["post", "the second"]).await.exits(4);
    assert!(stopped.stderr.contains("kept") || stopped.stdout.contains("kept"), "{stopped:?}");
    scene.pds.activate(&scene.alice).await.unwrap();
    scene.rig.login("alice.test", scene.pds.pds_url(), &scene.alice.app_password).await.exits(0);
    let mut serve = scene.rig.serve(&[]);
    serve.reaches("published").await;
    serve.end().await;
    assert_eq!(scene.repository().posts().await.len(), 2);
}
