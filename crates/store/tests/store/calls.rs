//! The call log: what is kept of a call comes back, filters narrow, pruning forgets what is old.

use skein_store::{CallFilter, LoggedCall};
use skein_testkit::samples::at_ms;

use crate::scene::Scene;

pub(crate) fn call(id: &str, at: i64) -> LoggedCall {
    LoggedCall {
        id: id.to_owned(),
        at: at_ms(at),
        account: Some("did:plc:goose".to_owned()),
        work: Some("dlv_1".to_owned()),
        attempt: 2,
        verb: "POST".to_owned(),
        method: "com.atproto.repo.applyWrites".to_owned(),
        host: "pds.example:2583".to_owned(),
        input: Some("{\"repo\":\"did:plc:goose\"}".to_owned()),
        request_bytes: 120,
        status: Some(200),
        error: Some("InvalidSwap".to_owned()),
        message: Some("moved".to_owned()),
        response_bytes: Some(60),
        duration_us: 2_345,
        points: 3,
        rate_limit: Some(5_000),
        rate_remaining: Some(17),
        rate_reset: Some(at_ms(9_000)),
        rate_policy: Some("5000;w=3600".to_owned()),
    }
}

pub(crate) fn bare(id: &str, at: i64) -> LoggedCall {
    LoggedCall {
        account: None,
        work: None,
        method: "/did:plc:goose".to_owned(),
        input: None,
        status: None,
        error: None,
        message: None,
        response_bytes: None,
        rate_limit: None,
        rate_remaining: None,
        rate_reset: None,
        rate_policy: None,
        ..call(id, at)
    }
}

pub(crate) async fn every_column_comes_back_and_the_newest_is_first(file: &Scene) {
    let calls = file.store().await.calls();
    let rows = [call("call_a", 1), bare("call_b", 2)];
    calls.append(&rows).await.unwrap();
    let all = CallFilter { at_most: 10, ..CallFilter::default() };
    assert_eq!(calls.list(&all).await.unwrap(), [rows[1].clone(), rows[0].clone()]);
    assert_eq!(calls.list(&CallFilter { at_most: 1, ..all }).await.unwrap(), [rows[1].clone()]);
}

pub(crate) async fn rows_are_kept_all_or_none(file: &Scene) {
    let calls = file.store().await.calls();
    calls.append(&[call("call_a", 1)]).await.unwrap();
    assert!(calls.append(&[call("call_b", 2), call("call_a", 3)]).await.is_err());
    assert!(calls.find("call_b").await.unwrap().is_empty());
}

pub(crate) async fn filters_narrow(file: &Scene) {
    let calls = file.store().await.calls();
    let refused = LoggedCall { status: Some(400), account: Some("did:plc:swan".to_owned()), ..call("call_c", 3) };
    calls.append(&[call("call_a", 1), bare("call_b", 2), refused]).await.unwrap();
    let ids = async |filter: CallFilter| {
        let listed = calls.list(&CallFilter { at_most: 10, ..filter }).await.unwrap();
        listed.into_iter().map(|call| call.id).collect::<Vec<_>>()
    };
    let of = CallFilter::default;
    assert_eq!(ids(CallFilter { failed: true, ..of() }).await, ["call_c", "call_b"]);
    assert_eq!(ids(CallFilter { method: Some("APPLYwrites".to_owned()), ..of() }).await, ["call_c", "call_a"]);
    assert_eq!(ids(CallFilter { method: Some("%".to_owned()), ..of() }).await, [""; 0]);
    assert_eq!(ids(CallFilter { account: Some("did:plc:swan".to_owned()), ..of() }).await, ["call_c"]);
    assert_eq!(ids(CallFilter { work: Some("dlv_1".to_owned()), ..of() }).await, ["call_c", "call_a"]);
    assert_eq!(ids(CallFilter { since: Some(at_ms(2)), ..of() }).await, ["call_c", "call_b"]);
}

pub(crate) async fn a_call_is_found_by_the_beginning_of_its_id(file: &Scene) {
    let calls = file.store().await.calls();
    calls.append(&[call("call_aa", 1), call("call_ab", 2), call("call_b", 3)]).await.unwrap();
    assert_eq!(calls.find("call_b").await.unwrap(), [call("call_b", 3)]);
    assert_eq!(calls.find("call_a").await.unwrap().len(), 2);
    assert!(calls.find("call_c").await.unwrap().is_empty());
}

pub(crate) async fn pruning_forgets_what_is_older(file: &Scene) {
    let calls = file.store().await.calls();
    calls.append(&[call("call_a", 1), call("call_b", 2)]).await.unwrap();
    assert_eq!(calls.prune(at_ms(2)).await.unwrap(), 1);
    assert!(calls.find("call_a").await.unwrap().is_empty());
    assert_eq!(calls.find("call_b").await.unwrap().len(), 1);
}
