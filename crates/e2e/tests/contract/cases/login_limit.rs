//! Logging in is limited by identifier, wrong passwords included.

use serde_json::json;
use tokio::task::JoinSet;

use crate::host::Host;
use crate::wire::{Call, send};

pub(crate) const LIMITS: bool = true;

pub(crate) async fn case(host: &Host) {
    let body = json!({"identifier": "nobody.test", "password": "wrong"});
    // At the same time, since the reference takes a third of a second for each.
    let mut logins = JoinSet::new();
    for _ in 0..30 {
        let (url, body) = (host.url().to_owned(), body.to_string().into_bytes());
        logins.spawn(async move {
            let path = "/xrpc/com.atproto.server.createSession";
            let content_type = Some("application/json");
            send(&url, Call { verb: "POST", path, content_type, body: Some(body), ..Call::default() }).await.status
        });
    }
    assert_eq!(logins.join_all().await, [401; 30]);
    let refused = host.procedure("the 31st", "com.atproto.server.createSession", None, &body).await;
    refused.says(429, "RateLimitExceeded", "Rate Limit Exceeded");
    assert_eq!(refused.header("ratelimit-policy"), Some("30;w=300"));
    assert!(refused.header("retry-after").is_some());
    host.log_in("somebody else", &host.password).await.ok();
}
