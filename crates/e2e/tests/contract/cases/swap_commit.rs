//! `swapCommit`: what fences a request that comes late.

use serde_json::json;

use crate::host::{Host, POST, create_of, post};

pub(crate) const LIMITS: bool = false;

pub(crate) async fn case(host: &Host) {
    let first = host.head().await;
    let write = |rkey: &str| [create_of(POST, rkey, &post("hi"))];
    let written = host.apply("on the head", &write("3m5aaaaaaaa22"), &json!({"swapCommit": first})).await;
    let second = written.text("/commit/cid");
    host.apply("chained", &write("3m5aaaaaaaa23"), &json!({"swapCommit": second})).await.ok();
    let third = host.head().await;
    host.apply("too late", &write("3m5aaaaaaaa24"), &json!({"swapCommit": second})).await.says(
        400,
        "InvalidSwap",
        &format!("Commit was at {third}"),
    );
    // The late twin of a request that was processed is told so by the swap, not by a plain 500.
    host.apply("twin", &write("3m5aaaaaaaa23"), &json!({"swapCommit": second})).await.is(400, "InvalidSwap");
    host.record("not written", "3m5aaaaaaaa24").await.is(400, "RecordNotFound");
    host.create("create on the head", &post("hi"), &json!({"swapCommit": third})).await.ok();
    host.create("create too late", &post("hi"), &json!({"swapCommit": third})).await.is(400, "InvalidSwap");
    host.apply("no CID", &write("3m5aaaaaaaa24"), &json!({"swapCommit": "nope"})).await.says(
        400,
        "InvalidRequest",
        "Invalid CID string (got \"nope\") at $.swapCommit",
    );
    let bad = [create_of(POST, "3m5aaaaaaaa25", &post(&"x".repeat(301)))];
    host.apply("bad and late", &bad, &json!({"swapCommit": second})).await.is(400, "InvalidRequest");
}
