//! The call log of a client: a row for every request, without secrets and without what people wrote.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;
use skein_atproto::syntax::{AtIdentifier, Did};
use skein_bluesky::budget::{Meter, Tally};
use skein_bluesky::calls::{CallRecord, Recorder};
use skein_bluesky::cursor::CursorKey;
use skein_bluesky::journal::{
    BudgetJournal, Journal, JournalError, KeptProfile, MemoryJournal, ProfileJournal, Session, Stored, TallyChange,
};
use skein_bluesky::repo;
use skein_bluesky::session::Sessions;
use skein_bluesky::xrpc::{Auth, XrpcClient};
use skein_net::{AllowPrivate, Call};

use crate::network::{APP_PASSWORD, DID, Network, Reply, did, http, now, remember};

/// A client that is watched, and where its rows go.
struct Logged {
    network: Network,
    journal: Arc<MemoryJournal>,
    recorder: Arc<Recorder>,
    sessions: Sessions,
    xrpc: XrpcClient,
}

impl Logged {
    async fn set() -> Self {
        let network = Network::start().await;
        let journal = Arc::new(MemoryJournal::new());
        let recorder = Recorder::start(journal.clone(), Arc::new(now), [7; 6]);
        let http = http(AllowPrivate::None).watched_by(recorder.clone());
        let sessions =
            Sessions::new(http.clone(), network.environment(), journal.clone(), Arc::new(now), "a program".to_owned());
        remember(&journal, &network.session(7200, None)).await;
        let xrpc = XrpcClient::new(http).allowing(&network.pds());
        Self { network, journal, recorder, sessions, xrpc }
    }

    async fn rows(&self) -> Vec<CallRecord> {
        self.recorder.flush().await;
        assert_eq!(self.recorder.lost(), 0);
        self.journal.calls()
    }
}

#[tokio::test]
async fn a_call_is_logged_with_account_host_and_cost() {
    let logged = Logged::set().await;
    let body = json!({"repo": DID, "writes": [{"$type": "com.atproto.repo.applyWrites#create", "collection": "x.y.z",
        "value": {"text": "what I wrote"}}]});
    logged.network.order("applyWrites", Reply::Json(200, json!({})));
    let me = logged.sessions.working_on("dlv_1").authorized(&did()).await.unwrap();
    let body = Bytes::from(body.to_string());
    let response = repo::apply_writes(&me, body.clone(), std::time::Duration::from_secs(30)).await.unwrap();
    let rows = logged.rows().await;
    assert_eq!(rows.len(), 1, "{rows:#?}");
    let row = &rows[0];
    assert_eq!(response.call.as_deref(), Some(row.id.as_str()));
    assert!(row.id.starts_with("call_") && row.id.len() == 31, "{}", row.id);
    assert_eq!((row.account.as_deref(), row.work.as_deref()), (Some(DID), Some("dlv_1")));
    assert_eq!((row.verb.as_str(), row.method.as_str()), ("POST", "com.atproto.repo.applyWrites"));
    assert_eq!(row.host, format!("localhost:{}", logged.network.pds().port().unwrap()));
    assert_eq!((row.status, row.points, row.request_bytes), (Some(200), 3, body.len() as u64));
    assert!(!row.is_failed());
    let input = row.input.as_deref().unwrap();
    assert!(input.contains("<12 characters>") && !input.contains("what I wrote"), "{input}");
}

#[tokio::test]
async fn what_is_no_method_is_logged_without_its_query_and_costs_nothing() {
    let logged = Logged::set().await;
    let http = logged.xrpc.http();
    for path in ["/picture.png?X-Amz-Signature=hunter2", "/xrpc/com.atproto.repo.uploadBlob?sig=of-a-stranger"] {
        let call = Call::get(logged.network.pds().join(path).unwrap(), std::time::Duration::from_secs(5));
        http.fetch(call, 100_000).await.unwrap();
    }
    let rows = logged.rows().await;
    assert_eq!(rows.len(), 2);
    assert_eq!((rows[0].method.as_str(), rows[0].input.as_deref()), ("/picture.png", None));
    assert!(!format!("{:?}", rows[0]).contains("hunter2"), "{:?}", rows[0]);
    let uploads = Meter::uploads(&rows[1].host);
    assert!(logged.journal.tally(&uploads).await.unwrap().is_none(), "a page that is read is no upload");
}

#[tokio::test]
async fn an_error_names_its_row_whether_it_was_answered_or_not() {
    let logged = Logged::set().await;
    let ask = async || {
        let parameters = [("actor", "alice.test")];
        logged.xrpc.get(&logged.network.pds(), "app.bsky.actor.getProfile", &parameters, Auth::None).await.unwrap_err()
    };
    logged
        .network
        .order("getProfile", Reply::Json(400, json!({"error": "InvalidRequest", "message": "Profile not found"})));
    let refused = ask().await;
    logged.network.order("getProfile", Reply::Lost);
    let lost = ask().await;
    let rows = logged.rows().await;
    assert_eq!(rows.iter().map(|row| Some(row.id.as_str())).collect::<Vec<_>>(), [refused.call(), lost.call()]);
    assert_eq!((rows[0].status, rows[0].error.as_deref()), (Some(400), Some("InvalidRequest")));
    assert_eq!(rows[0].message.as_deref(), Some("Profile not found"));
    assert_eq!(rows[0].input.as_deref(), Some(r#"{"actor":"alice.test"}"#));
    assert_eq!((rows[1].status, rows[1].error.as_deref()), (None, Some("no_answer")));
    assert!(rows.iter().all(CallRecord::is_failed));
    assert!(rows[0].id < rows[1].id, "ids sort by time");
}

#[tokio::test]
async fn a_login_is_logged_without_its_password_and_tokens() {
    let logged = Logged::set().await;
    logged.sessions.login(logged.network.login(APP_PASSWORD)).await.unwrap();
    let rows = logged.rows().await;
    let methods: Vec<_> = rows.iter().map(|row| row.method.as_str()).collect();
    assert!(methods.contains(&"com.atproto.server.createSession"), "{methods:?}");
    let told = format!("{rows:?}");
    assert!(!told.contains(APP_PASSWORD) && !told.contains("eyJ"), "{told}");
    assert!(methods.iter().any(|method| method.contains(DID)), "the directory was asked too: {methods:?}");
}

/// A journal whose disk is full.
struct Full {
    keeps_calls: bool,
}

#[async_trait]
impl BudgetJournal for Full {
    async fn change_tallies(&self, _: &[Meter], _: TallyChange<'_>) -> Result<(), JournalError> {
        Err(JournalError::new("the disk is full"))
    }

    async fn tally(&self, _: &Meter) -> Result<Option<Tally>, JournalError> {
        Ok(None)
    }

    async fn tallies(&self) -> Result<Vec<(Meter, Tally)>, JournalError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl ProfileJournal for Full {
    async fn profile(&self, _: &AtIdentifier) -> Result<Option<KeptProfile>, JournalError> {
        Ok(None)
    }

    async fn keep_profile(&self, _: &KeptProfile) -> Result<Option<Did>, JournalError> {
        Err(JournalError::new("the disk is full"))
    }
}

#[async_trait]
impl Journal for Full {
    async fn session(&self, _: &Did) -> Result<Option<Stored>, JournalError> {
        Ok(None)
    }

    async fn put_session(&self, _: &Did, _: &Session, _: Option<i64>) -> Result<bool, JournalError> {
        Ok(false)
    }

    async fn forget_session(&self, _: &Did) -> Result<(), JournalError> {
        Ok(())
    }

    async fn lease_refresh(&self, _: &Did, _: &str, _: Timestamp, _: Timestamp) -> Result<bool, JournalError> {
        Ok(false)
    }

    fn keeps_calls(&self) -> bool {
        self.keeps_calls
    }

    async fn log_calls(&self, _: &[CallRecord]) -> Result<(), JournalError> {
        Err(JournalError::new("the disk is full"))
    }

    async fn cursor(&self, _: &CursorKey) -> Result<Option<String>, JournalError> {
        Ok(None)
    }

    async fn put_cursor(&self, _: &CursorKey, _: Option<&str>, _: Timestamp) -> Result<(), JournalError> {
        Ok(())
    }

    async fn release_refresh(&self, _: &Did, _: &str) -> Result<(), JournalError> {
        Ok(())
    }
}

/// A call that is watched for such a journal: its row, as the answer names it, and how many rows were lost.
async fn watched(keeps_calls: bool) -> (Option<Arc<str>>, u64) {
    let network = Network::start().await;
    let recorder = Recorder::start(Arc::new(Full { keeps_calls }), Arc::new(now), [7; 6]);
    let xrpc = XrpcClient::new(http(AllowPrivate::None).watched_by(recorder.clone())).allowing(&network.pds());
    network.order("describeServer", Reply::Json(200, json!({})));
    let answer = xrpc.get(&network.pds(), "com.atproto.server.describeServer", &[], Auth::None).await.unwrap();
    recorder.flush().await;
    (answer.call, recorder.lost())
}

#[tokio::test]
async fn a_journal_that_is_full_costs_rows_and_no_call() {
    let (named, lost) = watched(true).await;
    assert!(named.is_some());
    assert_eq!(lost, 1);
}

#[tokio::test]
async fn a_journal_without_a_log_is_handed_no_rows_and_answers_name_none() {
    assert_eq!(watched(false).await, (None, 0));
}
