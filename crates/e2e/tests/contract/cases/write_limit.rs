//! The budget of writes: refused ones cost too, and a call above what is left burns it all.

use serde_json::{Value, json};

use crate::host::{Host, POST, create_of, delete_of, post};

pub(crate) const LIMITS: bool = true;

pub(crate) async fn case(host: &Host) {
    let first = host.create("three points", &post("hi"), &json!({"rkey": "3m5aaaaaaaa22"})).await;
    assert_eq!(first.header("ratelimit-policy"), Some("3000;w=300"), "the tightest bucket is the one of all calls");
    // 200 creates that are refused: 600 points each time, nothing written.
    let refused = vec![create_of(POST, "abc", &post("x")); 200];
    let mut last = None;
    for _ in 0..8 {
        let answer = host.apply("six hundred points", &refused, &json!({})).await;
        answer.is(400, "InvalidRequest");
        last = Some(answer);
    }
    let last = last.unwrap();
    assert_eq!(last.header("ratelimit-remaining"), Some("197"));
    assert_eq!(last.header("ratelimit-policy"), Some("5000;w=3600"));
    let over = host.apply("more than is left", &refused, &json!({})).await;
    over.says(429, "RateLimitExceeded", "Rate Limit Exceeded");
    assert_eq!(over.header("ratelimit-remaining"), Some("0"));
    let retry_after_s: i64 = over.header("retry-after").unwrap().parse().unwrap();
    assert!((3_500..=3_600).contains(&retry_after_s), "seconds: {retry_after_s}");
    let reset_at: i64 = over.header("ratelimit-reset").unwrap().parse().unwrap();
    assert!(reset_at > 1_700_000_000, "Unix seconds: {reset_at}");
    host.apply("even a delete", &[delete_of("3m5aaaaaaaa22")], &json!({})).await.is(429, "RateLimitExceeded");
    // What is refused before the handler costs nothing, also now.
    host.apply("malformed", &[Value::Null], &json!({})).await.is(400, "InvalidRequest");
    host.record("reads go on", "3m5aaaaaaaa22").await.ok();
}
