//! `getRecord`, `listRecords`, `getLatestCommit`.

use serde_json::json;

use crate::host::{Host, POST, post};

pub(crate) const LIMITS: bool = false;
const KEYS: [&str; 3] = ["3m5aaaaaaaa22", "3m5aaaaaaaa23", "3m5aaaaaaaa24"];

pub(crate) async fn case(host: &Host) {
    let mut cids = Vec::new();
    for rkey in KEYS {
        cids.push(host.create("write", &post(rkey), &json!({"rkey": rkey})).await.text("/cid"));
    }
    let get = |repo: &str, rkey: &str| format!("com.atproto.repo.getRecord?repo={repo}&collection={POST}&rkey={rkey}");
    let found = host.query("by handle", &get(&host.handle, KEYS[0]), None).await;
    assert_eq!(found.text("/uri"), host.uri(POST, KEYS[0]), "by DID in the answer");
    assert_eq!(found.ok()["value"], post(KEYS[0]));
    host.query("by CID", &format!("{}&cid={}", get(&host.did, KEYS[0]), cids[0]), None).await.ok();
    host.query("by another CID", &format!("{}&cid={}", get(&host.did, KEYS[0]), cids[1]), None)
        .await
        .is(400, "RecordNotFound");
    host.query("missing", &get(&host.did, "3m5aaaaaaaa25"), None).await.says(
        400,
        "RecordNotFound",
        &format!("Could not locate record: {}", host.uri(POST, "3m5aaaaaaaa25")),
    );
    host.query("another host's", &get("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", KEYS[0]), None)
        .await
        .is(502, "UpstreamFailure");
    let keyless = format!("com.atproto.repo.getRecord?repo={}&collection={POST}", host.did);
    host.query("no key", &keyless, None).await.is(400, "InvalidRequest");

    let list = |more: &str| format!("com.atproto.repo.listRecords?repo={}&collection={POST}{more}", host.did);
    let newest = host.query("newest first", &list("&limit=2"), None).await;
    assert_eq!(newest.text("/records/0/uri"), host.uri(POST, KEYS[2]));
    assert_eq!(newest.text("/cursor"), KEYS[1]);
    let rest = host.query("the rest", &list(&format!("&limit=2&cursor={}", KEYS[1])), None).await;
    assert_eq!(rest.text("/records/0/uri"), host.uri(POST, KEYS[0]));
    let oldest = host.query("oldest first", &list("&reverse=true&limit=1"), None).await;
    assert_eq!(oldest.text("/records/0/uri"), host.uri(POST, KEYS[0]));
    host.query("too many", &list("&limit=101"), None).await.is(400, "InvalidRequest");
    let none = format!("com.atproto.repo.listRecords?repo={}&collection=com.example.none", host.did);
    assert_eq!(host.query("none", &none, None).await.ok(), &json!({"records": []}));
    let nobody = format!("com.atproto.repo.listRecords?repo=did:plc:aaaaaaaaaaaaaaaaaaaaaaaa&collection={POST}");
    host.query("nobody's", &nobody, None).await.is(400, "InvalidRequest");

    let head = |did: &str| format!("com.atproto.sync.getLatestCommit?did={did}");
    let latest = host.query("head", &head(&host.did), None).await;
    assert_eq!(latest.text("/rev").len(), 13);
    host.query("nobody's head", &head("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"), None).await.is(400, "RepoNotFound");
    host.query("no DID", &head("x"), None).await.is(400, "InvalidRequest");
    host.query("nothing", "com.atproto.sync.getLatestCommit", None).await.is(400, "InvalidRequest");
}
