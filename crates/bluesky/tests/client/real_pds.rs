//! The client against the reference server.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde_json::json;
use skein_atproto::proof::{Proof, ProofError};
use skein_atproto::record::record_cid;
use skein_atproto::syntax::{Did, Nsid, RecordKey};
use skein_bluesky::Environment;
use skein_bluesky::journal::{Journal, MemoryJournal};
use skein_bluesky::session::{LoginError, LoginRequest, SessionError, Sessions};
use skein_bluesky::xrpc::CallError;
use skein_bluesky::{repo, sync};
use skein_testkit::proxy::{Proxy, Rule};
use skein_testkit::real_pds::{Account, RealPds, RealPdsOptions};
use url::Url;

use crate::network::http;

const LONG: Duration = Duration::from_secs(30);
const RKEY: &str = "3jui7kd54zh2y";

struct Town {
    pds: RealPds,
    proxy: Proxy,
    alice: Account,
    journal: Arc<MemoryJournal>,
}

impl Town {
    async fn start() -> Self {
        let (pds, proxy) = RealPds::start_behind_proxy(RealPdsOptions::default()).await.unwrap();
        let alice = pds.create_account("alice.test").await.unwrap();
        Self { pds, proxy, alice, journal: Arc::default() }
    }

    fn did(&self) -> Did {
        Did::parse(&self.alice.did).unwrap()
    }

    /// Sessions whose clock is so many hours ahead of the machine's: that is how tokens come to their end here.
    #[expect(clippy::disallowed_methods, reason = "a real server's tokens end by the real clock")]
    fn sessions(&self, hours_ahead: i64) -> Sessions {
        let url = |text: &str| Url::parse(text).unwrap();
        let environment = Environment {
            plc_url: url(self.pds.plc_url()),
            appview_url: url(self.pds.pds_url()),
            video_url: url(self.pds.pds_url()),
        };
        let now = move || Timestamp::now() + SignedDuration::from_hours(hours_ahead);
        let http = http(skein_net::AllowPrivate::None);
        Sessions::new(http, environment, Arc::clone(&self.journal) as _, Arc::new(now), format!("{hours_ahead}"))
    }

    async fn log_in(&self, remember_password: bool) -> Sessions {
        let sessions = self.sessions(0);
        let login = LoginRequest { remember_password, ..self.login(&self.alice.app_password) };
        sessions.login(login).await.unwrap();
        sessions
    }

    fn login(&self, password: &str) -> LoginRequest {
        let service = Url::parse(self.pds.pds_url()).ok();
        LoginRequest { service, ..LoginRequest::new("alice.test", password.into()) }
    }

    fn post(&self, text: &str) -> (serde_json::Value, Bytes) {
        let record = json!({"$type": "app.bsky.feed.post", "text": text, "createdAt": "2026-11-18T12:00:00.000Z"});
        let write = json!({"$type": "com.atproto.repo.applyWrites#create", "collection": "app.bsky.feed.post",
            "rkey": RKEY, "value": record});
        let body = json!({"repo": self.alice.did, "validate": true, "writes": [write]});
        (record, Bytes::from(body.to_string()))
    }
}

#[tokio::test]
async fn real_pds_takes_a_login_and_one_exact_write() {
    let town = Town::start().await;
    let sessions = town.log_in(false).await;
    let me = sessions.authorized(&town.did()).await.unwrap();
    let before = repo::latest_commit(me.xrpc(), me.pds(), me.did()).await.unwrap();
    let (record, body) = town.post("hello");
    let response = repo::apply_writes(&me, body, LONG).await.unwrap();
    let applied = repo::parse_apply_writes(&response).unwrap();
    let cid = record_cid(&record).unwrap();
    assert_eq!(applied.results[0].cid.as_ref(), Some(&cid));
    let head = repo::latest_commit(me.xrpc(), me.pds(), me.did()).await.unwrap();
    assert_eq!(Some(&head), applied.commit.as_ref());
    assert_ne!(head, before);

    let (collection, rkey) = (Nsid::parse("app.bsky.feed.post").unwrap(), RecordKey::parse(RKEY).unwrap());
    let found = repo::get_record(me.xrpc(), me.pds(), me.did(), &collection, &rkey).await.unwrap().unwrap();
    assert_eq!((found.cid, found.value), (Some(cid), record));
    let missing = RecordKey::parse("3jui7kd54zh2z").unwrap();
    assert_eq!(repo::get_record(me.xrpc(), me.pds(), me.did(), &collection, &missing).await.unwrap(), None);
    let server = repo::describe_server(me.xrpc(), me.pds()).await.unwrap();
    assert!(server.date.is_some() && server.user_domains.contains(&".test".to_owned()), "{server:?}");
}

#[tokio::test]
async fn real_pds_proves_a_record_and_its_absence() {
    let town = Town::start().await;
    let sessions = town.log_in(false).await;
    let me = sessions.authorized(&town.did()).await.unwrap();
    let (record, body) = town.post("proven");
    repo::apply_writes(&me, body, LONG).await.unwrap();
    let head = repo::latest_commit(me.xrpc(), me.pds(), me.did()).await.unwrap();
    let key = sessions.identities().document(me.did()).await.unwrap().require_signing_key().unwrap();

    let collection = Nsid::parse("app.bsky.feed.post").unwrap();
    let [there, missing] = [RKEY, "3jui7kd54zh2z"].map(|rkey| RecordKey::parse(rkey).unwrap());
    let proof = |rkey| sync::get_record_proof(me.xrpc(), me.pds(), me.did(), &collection, rkey);
    let verified = Proof::read(&proof(&there).await.unwrap()).unwrap().verify(me.did(), &key, &collection, &there);
    let verified = verified.unwrap();
    assert_eq!((verified.commit, verified.rev), (head.cid.clone(), head.rev));
    assert_eq!((verified.record, verified.value), (record_cid(&record).unwrap(), record));
    let absent = Proof::read(&proof(&missing).await.unwrap()).unwrap();
    assert_eq!(absent.verify_absence(me.did(), &key, &collection, &missing).unwrap().commit, head.cid);
    let error = absent.verify(me.did(), &key, &collection, &missing).unwrap_err();
    assert!(matches!(error, ProofError::NotInCommit { .. }), "{error}");

    let history = sessions.identities().key_history(me.did()).await.unwrap().unwrap();
    assert!(matches!(history.as_slice(), [only] if only.key == key && only.until.is_none()), "{history:?}");
}

#[tokio::test]
async fn real_pds_refuses_and_the_refusals_are_told_apart() {
    let town = Town::start().await;
    let sessions = town.sessions(0);
    let wrong = sessions.login(town.login("zzzz-zzzz-zzzz-zzzz")).await.unwrap_err();
    assert!(matches!(wrong, LoginError::WrongPassword { .. }), "{wrong:?}");
    let main = LoginRequest { allow_main_password: true, ..town.login(&town.alice.password) };
    assert!(sessions.login(main).await.unwrap().with_main_password);

    let sessions = town.log_in(false).await;
    let me = sessions.authorized(&town.did()).await.unwrap();
    town.pds.deactivate(&town.alice).await.unwrap();
    let (_, body) = town.post("asleep");
    let asleep = sessions.call(&town.did(), |me| repo_write(me, body.clone())).await.unwrap_err();
    assert!(matches!(asleep, SessionError::Deactivated { .. }), "{asleep:?}");
    // The server does not resolve the handle of an account that is not active, only its DID is left.
    let by_did = || LoginRequest { identifier: town.alice.did.clone(), ..town.login(&town.alice.app_password) };
    assert!(!sessions.login(by_did()).await.unwrap().active);
    town.pds.activate(&town.alice).await.unwrap();

    town.pds.take_down(&town.alice).await.unwrap();
    let error = repo::apply_writes(&me, body, LONG).await.unwrap_err();
    assert!(error.is_named("AccountTakedown"), "{error:?}");
    // Only who gives the main password is told about a takedown: app passwords are as good as wrong.
    let gone = sessions.login(by_did()).await.unwrap_err();
    assert!(matches!(gone, LoginError::WrongPassword { .. }), "{gone:?}");
    let password = town.alice.password.as_str().into();
    let gone = sessions.login(LoginRequest { password, allow_main_password: true, ..by_did() }).await.unwrap_err();
    assert!(matches!(gone, LoginError::TakenDown { .. }), "{gone:?}");
}

#[tokio::test]
async fn real_pds_gives_the_same_tokens_again_when_a_refresh_reply_is_lost() {
    let town = Town::start().await;
    town.log_in(false).await;
    let lost = town.proxy.order(Rule::cut_after_forward("refreshSession"));
    // Three hours ahead, the access token has ended as far as the client knows.
    let me = town.sessions(3).authorized(&town.did()).await.unwrap();
    assert_eq!(lost.done().await.unwrap(), Some(200));
    assert_eq!(town.proxy.count("refreshSession"), 2);
    me.get("com.atproto.server.getSession", &[]).await.unwrap();
}

#[tokio::test]
async fn real_pds_ends_sessions_and_a_remembered_password_opens_them_again() {
    let town = Town::start().await;
    let sessions = town.log_in(true).await;
    let session = town.journal.session(&town.did()).await.unwrap().unwrap().session;
    let refresh = session.refresh_jwt.expose_secret();
    let (status, _) =
        town.pds.xrpc_post("com.atproto.server.deleteSession", &json!(null), Some(refresh)).await.unwrap();
    assert_eq!(status, 200);
    town.sessions(3).authorized(&town.did()).await.unwrap();
    assert_eq!(town.proxy.count("createSession"), 2);

    town.pds.revoke_app_password(&town.alice).await.unwrap();
    let error = town.sessions(6).authorized(&town.did()).await.unwrap_err();
    assert!(matches!(error, SessionError::NeedsLogin { .. }), "{error:?}");
    sessions.log_out(&town.did()).await.unwrap();
}

#[tokio::test]
async fn real_pds_acts_on_a_write_whose_answer_is_lost() {
    let town = Town::start().await;
    let sessions = town.log_in(false).await;
    let (_, body) = town.post("lost");
    let lost = town.proxy.order(Rule::cut_after_forward("applyWrites"));
    let error = sessions.call(&town.did(), |me| repo_write(me, body.clone())).await.unwrap_err();
    assert!(matches!(error, SessionError::Call(CallError::Unknown { .. })), "{error:?}");
    assert_eq!(lost.done().await.unwrap(), Some(200));
    assert_eq!(town.proxy.count("applyWrites"), 1, "nothing sent it again");
}

async fn repo_write(
    me: skein_bluesky::session::Authorized,
    body: Bytes,
) -> Result<skein_bluesky::xrpc::Response, CallError> {
    repo::apply_writes(&me, body, LONG).await
}
