//! Handle to DID by HTTPS: `https://<handle>/.well-known/atproto-did`.

use std::time::Duration;

use skein_atproto::syntax::{Did, Handle};
use skein_net::{Call, Http, NetError};
use url::Url;

use super::Lookup;

const TIMEOUT_MS: u64 = 10_000;
/// Room for the longest DID and some blanks; a web page that answers everything is cut off early.
const MAX_BYTES: usize = 4_096;

pub(super) async fn look_up(http: &Http, handle: &Handle) -> Lookup {
    match Url::parse(&format!("https://{handle}/.well-known/atproto-did")) {
        Ok(url) => fetch(http, url).await,
        Err(error) => Lookup::Nothing(error.to_string()),
    }
}

async fn fetch(http: &Http, url: Url) -> Lookup {
    let shown = url.to_string();
    let fetched = match http.fetch(Call::get(url, Duration::from_millis(TIMEOUT_MS)), MAX_BYTES).await {
        Ok(fetched) => fetched,
        Err(error @ NetError::Refused { .. }) => return Lookup::Refused(error),
        Err(error @ NetError::TooLarge { .. }) => return Lookup::Nothing(error.to_string()),
        Err(error) => return Lookup::Failed(error.to_string()),
    };
    let status = fetched.status;
    if status.is_server_error() || status == skein_net::StatusCode::TOO_MANY_REQUESTS {
        return Lookup::Failed(format!("{shown} answered {status}"));
    }
    if !status.is_success() {
        return Lookup::Nothing(format!("{shown} answered {status}"));
    }
    // Many sites answer 200 with a page to everything: that is a no, not an error.
    match Did::parse(String::from_utf8_lossy(&fetched.body).trim()) {
        Ok(did) => Lookup::Found(did),
        Err(_) => Lookup::Nothing(format!("{shown} holds no DID")),
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::StatusCode;
    use axum::response::{IntoResponse, Redirect};
    use axum::routing::get;
    use skein_net::{Dns, NetConfig};

    use super::*;

    async fn serve(router: Router) -> Url {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/did", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        url
    }

    async fn answered(answer: impl IntoResponse + Clone + Send + Sync + 'static) -> Lookup {
        let url = serve(Router::new().route("/did", get(move || async move { answer }))).await;
        let http = Http::new(NetConfig { dns: Dns::Off, ..NetConfig::default() }).unwrap();
        fetch(&http.allowing(&url), url).await
    }

    #[tokio::test]
    async fn a_did_with_blanks_around_it_is_found() {
        assert!(matches!(answered(" did:plc:abc\r\n").await, Lookup::Found(did) if did.as_str() == "did:plc:abc"));
    }

    #[tokio::test]
    async fn pages_and_missing_files_are_a_no() {
        assert!(matches!(answered("<html>welcome</html>").await, Lookup::Nothing(_)));
        assert!(matches!(answered(StatusCode::NOT_FOUND).await, Lookup::Nothing(_)));
        assert!(matches!(answered("x".repeat(MAX_BYTES + 1)).await, Lookup::Nothing(_)));
    }

    #[tokio::test]
    async fn a_failing_server_is_no_answer() {
        assert!(matches!(answered(StatusCode::BAD_GATEWAY).await, Lookup::Failed(_)));
    }

    #[tokio::test]
    async fn a_redirect_is_followed() {
        let end = serve(Router::new().route("/did", get(|| async { "did:plc:abc" }))).await;
        let to = end.to_string();
        let start = serve(Router::new().route("/did", get(move || async move { Redirect::temporary(&to) }))).await;
        let http = Http::new(NetConfig { dns: Dns::Off, ..NetConfig::default() }).unwrap();
        assert!(matches!(fetch(&http.allowing(&start).allowing(&end), start).await, Lookup::Found(_)));
    }

    #[tokio::test]
    async fn a_redirect_to_a_private_host_is_refused() {
        let inside = serve(Router::new().route("/did", get(|| async { "did:plc:abc" }))).await;
        let to = inside.to_string();
        let start = serve(Router::new().route("/did", get(move || async move { Redirect::temporary(&to) }))).await;
        let http = Http::new(NetConfig { dns: Dns::Off, ..NetConfig::default() }).unwrap();
        assert!(matches!(fetch(&http.allowing(&start), start).await, Lookup::Refused(_)));
    }
}
