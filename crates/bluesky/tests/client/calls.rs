//! Calls: what was answered, what was not, and exactly which bytes went out.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use skein_atproto::syntax::{Nsid, RecordKey};
use skein_bluesky::journal::MemoryJournal;
use skein_bluesky::repo;
use skein_bluesky::session::Authorized;
use skein_bluesky::xrpc::{Auth, CallError, XrpcClient};
use skein_net::{AllowPrivate, NetError};

use crate::network::{DID, NOW_S, Network, Reply, did, http, refusal, remember};

const CID: &str = "bafyreib2rxk3rybk3aobmv5cjuql3bm2twh4jo5uxgf5kpqcsgz7soitae";
const LONG: Duration = Duration::from_secs(30);

fn client(network: &Network) -> XrpcClient {
    XrpcClient::new(http(AllowPrivate::None)).allowing(&network.pds())
}

async fn me(network: &Network) -> Authorized {
    let journal = Arc::new(MemoryJournal::new());
    remember(&journal, &network.session(7200, None)).await;
    network.sessions(&journal).authorized(&did()).await.unwrap()
}

fn post() -> (Nsid, RecordKey) {
    (Nsid::parse("app.bsky.feed.post").unwrap(), RecordKey::parse("3jui7kd54zh2y").unwrap())
}

#[tokio::test]
async fn exactly_the_given_bytes_are_sent_once() {
    let network = Network::start().await;
    let commit = json!({"cid": CID, "rev": "3jui7kd54zh2y"});
    let uri = format!("at://{DID}/app.bsky.feed.post/3jui7kd54zh2y");
    let results = json!([{"$type": "com.atproto.repo.applyWrites#createResult", "uri": uri, "cid": CID,
        "validationStatus": "valid"}]);
    network.order("applyWrites", Reply::Json(200, json!({"commit": commit, "results": results})));
    let body = Bytes::from_static(br#"{ "repo":"x",  "writes": [] }"#);
    let response = repo::apply_writes(&me(&network).await, body.clone(), LONG).await.unwrap();
    let applied = repo::parse_apply_writes(&response).unwrap();
    assert_eq!(applied.commit.unwrap().cid.as_str(), CID);
    assert_eq!(applied.results[0].uri.as_ref().unwrap().as_str(), uri);
    assert_eq!(applied.results[0].validation_status.as_deref(), Some("valid"));
    let seen = network.seen("applyWrites");
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].body, body);
    assert_eq!(seen[0].headers["content-type"], "application/json");
}

#[tokio::test]
async fn a_redirected_write_is_an_answer_and_is_not_followed() {
    let network = Network::start().await;
    for status in [301, 302, 307, 308] {
        let to = network.pds().join("/xrpc/com.atproto.repo.elsewhere").unwrap().to_string();
        network.order("applyWrites", Reply::With(status, vec![("location", to)], String::new()));
        let error = repo::apply_writes(&me(&network).await, Bytes::from_static(b"{}"), LONG).await.unwrap_err();
        assert_eq!(error.answer().unwrap().response.status.as_u16(), status);
    }
    assert_eq!(network.count("elsewhere"), 0);
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_unknown_and_not_repeated() {
    let network = Network::start().await;
    network.order("applyWrites", Reply::Lost);
    let error = repo::apply_writes(&me(&network).await, Bytes::from_static(b"{}"), LONG).await.unwrap_err();
    assert!(matches!(error, CallError::Unknown { .. }) && !error.provably_not_sent(), "{error:?}");
    assert_eq!(network.count("applyWrites"), 1);
}

#[tokio::test]
async fn an_answer_without_commit_or_results_is_read_and_nonsense_is_malformed() {
    let network = Network::start().await;
    let me = me(&network).await;
    for (body, readable) in [("{}", true), ("", false), ("<html>", false), (r#"{"commit":7}"#, false)] {
        network.order("applyWrites", Reply::With(200, vec![], body.to_owned()));
        let response = repo::apply_writes(&me, Bytes::from_static(b"{}"), LONG).await.unwrap();
        let applied = repo::parse_apply_writes(&response);
        assert_eq!(applied.is_ok(), readable, "{body}");
        assert!(readable || matches!(applied, Err(CallError::Malformed { .. })), "{body}");
    }
}

#[tokio::test]
async fn a_dead_server_was_provably_not_reached() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = url::Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let xrpc = XrpcClient::new(http(AllowPrivate::None)).allowing(&url);
    let error = repo::latest_commit(&xrpc, &url, &did()).await.unwrap_err();
    assert!(
        matches!(error, CallError::NotSent { error: NetError::NotSent { .. }, .. }) && error.is_transient(),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_head_is_read() {
    let network = Network::start().await;
    network.order("getLatestCommit", Reply::Json(200, json!({"cid": CID, "rev": "3jui7kd54zh2y"})));
    let head = repo::latest_commit(&client(&network), &network.pds(), &did()).await.unwrap();
    assert_eq!((head.cid.as_str(), head.rev.as_str()), (CID, "3jui7kd54zh2y"));
    assert_eq!(network.seen("getLatestCommit")[0].query, "did=did%3Aplc%3Aewvi7nxzyoun6zhxrhs64oiz");
}

#[tokio::test]
async fn a_missing_record_is_none_and_trouble_is_not() {
    let network = Network::start().await;
    let ((collection, rkey), xrpc) = (post(), client(&network));
    let get = async || repo::get_record(&xrpc, &network.pds(), &did(), &collection, &rkey).await;
    network.order("getRecord", refusal(400, "RecordNotFound", "Could not locate record"));
    assert_eq!(get().await.unwrap(), None);
    let uri = format!("at://{DID}/app.bsky.feed.post/3jui7kd54zh2y");
    network.order("getRecord", Reply::Json(200, json!({"uri": uri, "cid": CID, "value": {"text": "hi"}})));
    let record = get().await.unwrap().unwrap();
    assert_eq!((record.cid.unwrap().as_str(), record.value["text"].as_str()), (CID, Some("hi")));
    for reply in [refusal(502, "UpstreamFailure", ""), refusal(400, "InvalidRequest", "no"), Reply::Lost] {
        network.order("getRecord", reply);
        assert!(get().await.is_err());
    }
}

#[tokio::test]
async fn a_server_tells_its_time() {
    let network = Network::start().await;
    let headers = vec![("date", "Wed, 18 Nov 2026 12:00:00 GMT".to_owned())];
    let body = r#"{"did":"did:web:pds.example","availableUserDomains":[".test"]}"#.to_owned();
    network.order("describeServer", Reply::With(200, headers, body));
    let server = repo::describe_server(&client(&network), &network.pds()).await.unwrap();
    assert_eq!(server.date.unwrap().to_string(), "2026-11-18T12:00:00Z");
    assert_eq!((server.did.as_str(), server.user_domains), ("did:web:pds.example", vec![".test".to_owned()]));
}

#[tokio::test]
async fn a_refusal_shows_its_budget_and_no_more_than_a_line_of_a_page() {
    let network = Network::start().await;
    let headers = vec![
        ("ratelimit-limit", "5000".to_owned()),
        ("ratelimit-remaining", "0".to_owned()),
        ("ratelimit-reset", NOW_S.to_string()),
    ];
    network.order("getTimeline", Reply::With(429, headers, format!("<html>\n{}", "x".repeat(9_000))));
    let error = me(&network).await.get("app.bsky.feed.getTimeline", &[]).await.unwrap_err();
    let answer = error.answer().unwrap();
    assert_eq!(answer.response.headers.rate_limit.as_ref().unwrap().remaining, Some(0));
    assert_eq!(answer.error, None);
    let text = error.to_string();
    assert!(text.len() < 500 && !text.contains('\n') && text.contains("429"), "{text}");
    assert!(error.is_transient());
}

#[tokio::test]
async fn names_that_are_none_are_refused_and_tokens_stay_hidden() {
    let network = Network::start().await;
    let xrpc = client(&network);
    let error = xrpc.get(&network.pds(), "../admin", &[], Auth::None).await.unwrap_err();
    assert!(error.provably_not_sent() && !error.is_transient(), "{error:?}");
    let broken = "line\nbreak-secret".into();
    let error = xrpc.get(&network.pds(), "a.b.c", &[], Auth::Bearer(&broken)).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    let me = me(&network).await;
    let shown = format!("{me:?}");
    assert!(!shown.contains("e30."), "{shown}");
    assert_eq!(network.total(), 0);
}
