//! What the ledger is asked while posts leave one after the other: what holds for the next acts is asked once for all of them.

use jiff::SignedDuration;

use super::Running;

#[tokio::test]
async fn twenty_posts_ask_what_stands_before_them_twice() {
    let mut running = Running::new().await;
    for number in 0..20 {
        running.submit(&format!("post {number}"), "in 1m").await;
    }
    running.start();
    running.pass(SignedDuration::from_secs(45)).await;
    assert_eq!(running.ledger.calls_of("account"), 2, "to prepare them: {:?}", running.ledger.calls());
    running.pass(SignedDuration::from_secs(45)).await;
    let calls = running.ledger.calls();
    // They are taken four at a time. Sixteen acts may rest on the same answers; then they may have become old.
    for method in ["account", "unsettled", "queue"] {
        assert_eq!(running.ledger.calls_of(method), 2, "{method}: {calls:?}");
    }
    assert_eq!(running.landed().len(), 20);
    running.end().await;
}
