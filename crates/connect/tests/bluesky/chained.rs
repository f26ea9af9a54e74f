//! Arming right after another write: how the repository stands is in the answer to that.

use skein_domain::ports::{Connector, FenceFrom};
use skein_domain::{Receipt, Settled};

use crate::host::{Reply, Scene};

fn receipt(scene: &Scene, commit: Option<&str>) -> Receipt {
    Receipt {
        records: Vec::new(),
        commit: commit.map(str::to_owned),
        rev: Some("3l3qo2vuowo2b".to_owned()),
        url: None,
        due: scene.now,
        sent_at: Some(scene.now),
        settled_at: scene.now,
        lateness_ms: 0,
        attempts: 1,
        settled: Settled::Answered,
    }
}

#[tokio::test]
async fn the_answer_before_is_the_fence_and_the_server_is_not_asked() {
    let scene = Scene::set(7_200).await;
    let prepared = scene.prepared().await;
    let before = receipt(&scene, Some("bafyreihead"));
    scene.host.order("getLatestCommit", Reply::Answer(500, "{}".to_owned()));
    let step = scene.connector.arm(&scene.account, &prepared, FenceFrom::Receipt(&before)).await;
    let step = step.unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!((&step.fence()["head"], &step.fence()["rev"]), (&"bafyreihead".into(), &"3l3qo2vuowo2b".into()));

    let without = receipt(&scene, None);
    let asked = scene.connector.arm(&scene.account, &prepared, FenceFrom::Receipt(&without)).await;
    assert!(asked.is_err(), "who does not know asks, and is answered with 500");
}
