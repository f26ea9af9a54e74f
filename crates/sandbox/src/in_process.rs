//! The network asked by who lives in the same process: no socket, the same routes and the same faults.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use bytes::Bytes;
use tower::ServiceExt;

use crate::connection::Scissors;

/// The largest answer; the network makes none that is larger.
const ANSWER_MAX_BYTES: usize = 512 * 1_048_576;

/// Answers requests without a connection. Cheap to clone; clones ask the same network.
#[derive(Clone)]
pub struct InProcess {
    router: Router,
}

impl InProcess {
    pub(crate) fn new(router: Router) -> Self {
        Self { router }
    }

    /// The answer to a request; `None` where the connection would have been cut without one. A request that is given up
    /// before it is answered is processed all the same.
    pub async fn answer(&self, request: Request<Bytes>) -> Option<Response<Bytes>> {
        let connection = Scissors::default();
        let mut request = request.map(Body::from);
        request.extensions_mut().insert(ConnectInfo(connection.clone()));
        let Ok(answer) = self.router.clone().oneshot(request).await;
        if connection.was_cut() {
            return None;
        }
        let (head, body) = answer.into_parts();
        let body = to_bytes(body, ANSWER_MAX_BYTES).await.ok()?;
        Some(Response::from_parts(head, body))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::{Fault, FaultOrder, Sandbox, SandboxOptions};

    #[tokio::test]
    async fn it_answers_without_a_port_and_what_is_cut_has_no_answer() {
        let sandbox = Sandbox::unheard(SandboxOptions { port: 7, clock: Arc::new(|| Timestamp::UNIX_EPOCH), seed: 1 });
        let alice = sandbox.create_account("alice.test").unwrap();
        let network = sandbox.in_process();
        let request = || {
            let uri = "/xrpc/com.atproto.identity.resolveHandle?handle=alice.test";
            Request::builder().uri(uri).body(Bytes::new()).unwrap()
        };
        let answer = network.answer(request()).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(String::from_utf8_lossy(answer.body()).contains(&alice.did));
        sandbox.faults().order(FaultOrder::new("*", Fault::CutBefore)).unwrap();
        assert!(network.answer(request()).await.is_none());
        assert!(network.answer(request()).await.is_some());
    }

    #[tokio::test]
    async fn commits_are_logged_whatever_becomes_of_their_records() {
        let sandbox = Sandbox::unheard(SandboxOptions { port: 7, clock: Arc::new(|| Timestamp::UNIX_EPOCH), seed: 1 });
        let alice = sandbox.create_account("alice.test").unwrap();
        let like = serde_json::json!({"$type": "app.bsky.feed.like", "n": 1});
        let uri = sandbox.write_as_author(&alice.did, "app.bsky.feed.like", &like).unwrap();
        sandbox.delete_as_author(&uri).unwrap();
        let commits = sandbox.commits();
        assert_eq!(commits.len(), 2);
        assert_eq!((&commits[0].made[0].uri, &commits[0].made[0].value), (&uri, &like));
        assert_eq!((commits[1].made.len(), &commits[1].deleted), (0, &vec![uri]));
    }
}
