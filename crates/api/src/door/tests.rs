use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use skein_domain::ports::{Figures as _, LedgerError};
use skein_testkit::samples::at_ms;
use skein_testkit::{MemoryLedger, SimClock};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tower::ServiceExt as _;

use super::*;
use crate::{BudgetLeft, PoolUse};

struct Fixed;

#[async_trait]
impl Readings for Fixed {
    fn pools(&self) -> Vec<PoolUse> {
        vec![PoolUse { name: "server", open: 1, idle: 1, at_most: 8 }]
    }

    async fn budgets(&self) -> Option<Vec<BudgetLeft>> {
        Some(vec![BudgetLeft { limit: "writes_per_hour", left_ratio: 0.25, is_low: false }])
    }
}

/// A ledger that fails at everything, or never answers.
struct Broken {
    hangs: bool,
}

impl Broken {
    async fn answer<T>(&self) -> Result<T, LedgerError> {
        if self.hangs {
            return std::future::pending().await;
        }
        Err(LedgerError::Failed("the server is gone".to_owned()))
    }
}

macro_rules! broken {
    ($($method:ident($($name:ident: $kind:ty),*) -> $gives:ty;)*) => {
        #[async_trait]
        impl Ledger for Broken {
            $(async fn $method(&self, $(_: $kind),*) -> Result<$gives, LedgerError> {
                self.answer().await
            })*
        }
    };
}

skein_domain::every_ledger_method!(broken);

fn parts(metrics: &Arc<Metrics>) -> Parts {
    Parts {
        ledger: Arc::new(MemoryLedger::new()),
        clock: Arc::new(SimClock::new(at_ms(0))),
        metrics: Arc::clone(metrics),
        readings: Arc::new(Fixed),
        has_engine: true,
        stopping: CancellationToken::new(),
    }
}

async fn get_from(parts: Parts, path: &str) -> (StatusCode, String, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router(parts).oneshot(request).await.unwrap();
    let kind = response.headers().get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, kind.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn readiness_names_each_check() {
    let metrics = Arc::new(Metrics::new(at_ms(0)));
    let (status, kind, body) = get_from(parts(&metrics), "/readyz").await;
    let told: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, kind.as_str()), (StatusCode::SERVICE_UNAVAILABLE, "application/json"), "{told:#}");
    assert_eq!((&told["ready"], &told["checks"][1]["name"]), (&Value::Bool(false), &"planner".into()), "{told:#}");
    assert_eq!(told["checks"][1]["since"], "2026-03-01T09:00:00Z", "{told:#}");
    assert!(told["checks"][1]["problem"].is_string() && told["checks"][0].get("problem").is_none(), "{told:#}");

    metrics.ticked(at_ms(0));
    let (status, _, body) = get_from(parts(&metrics), "/readyz").await;
    assert_eq!(status, StatusCode::OK, "{body}");
}

#[tokio::test]
async fn figures_are_text_with_what_was_read_for_them() {
    let metrics = Arc::new(Metrics::new(at_ms(0)));
    let (status, kind, body) = get_from(parts(&metrics), "/metrics").await;
    assert_eq!((status, kind.as_str()), (StatusCode::OK, "application/openmetrics-text; version=1.0.0; charset=utf-8"));
    for line in [
        r#"skein_deliveries{state="scheduled"} 0"#,
        r#"skein_budget_least_left_ratio{limit="writes_per_hour"} 0.25"#,
        r#"skein_database_connections_max{pool="server"} 8"#,
        "skein_store_up 1",
    ] {
        assert!(body.lines().any(|have| have == line), "`{line}` is missing in:\n{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_or_hangs_takes_only_its_own_figures_away() {
    for hangs in [false, true] {
        let metrics = Arc::new(Metrics::new(at_ms(0)));
        metrics.ticked(at_ms(0));
        let broken = || Parts { ledger: Arc::new(Broken { hangs }), ..parts(&metrics) };

        let (status, _, body) = get_from(broken(), "/metrics").await;
        assert_eq!(status, StatusCode::OK, "{body}");
        assert!(body.lines().any(|line| line == "skein_store_up 0"), "{body}");
        assert!(!body.contains("skein_deliveries{") && body.contains("skein_build_info{"), "{body}");
        assert!(body.contains("skein_budget_least_left_ratio{"), "{body}");

        let (status, _, body) = get_from(broken(), "/healthz").await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "ok\n"));

        let (status, _, body) = get_from(broken(), "/readyz").await;
        let told: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{told:#}");
        let checks = told["checks"].as_array().unwrap().iter();
        let failing: Vec<&Value> = checks.filter(|check| check["ok"] == false).map(|check| &check["name"]).collect();
        assert_eq!(failing, ["store"], "{told:#}");
    }
}

#[tokio::test]
async fn there_is_nothing_else_behind_the_door() {
    let metrics = Arc::new(Metrics::new(at_ms(0)));
    for path in ["/", "/v1/posts", "/metrics/", "/readyz/x"] {
        assert_eq!(get_from(parts(&metrics), path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_door_has_its_address_to_itself_and_closes_when_told() {
    let metrics = Arc::new(Metrics::new(at_ms(0)));
    let door = Door::open("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = door.address();
    let taken = Door::open(address).await.unwrap_err();
    assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    let close = CancellationToken::new();
    let served = tokio::spawn(door.serve(parts(&metrics), close.clone()));
    // A client that keeps its connection keeps no door open.
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = [0; 15];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    close.cancel();
    served.await.unwrap();
    Door::open(address).await.unwrap();
}
