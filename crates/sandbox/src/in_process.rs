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
