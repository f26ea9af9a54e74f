//! Logging in: who, where, and with which password.

use std::sync::Arc;

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use skein_bluesky::identity::IdentityError;
use skein_bluesky::journal::MemoryJournal;
use skein_bluesky::session::{LoginError, LoginRequest};
use skein_bluesky::xrpc::CallError;

use crate::network::{
    APP_PASSWORD, DID, HANDLE, MAIN_PASSWORD, NOW_S, Network, Reply, did, refusal, remember, stored, token,
};

type Expected = fn(&LoginError) -> bool;

async fn start() -> (Network, Arc<MemoryJournal>) {
    (Network::start().await, Arc::new(MemoryJournal::new()))
}

async fn fail(network: &Network, journal: &Arc<MemoryJournal>, request: LoginRequest) -> LoginError {
    let error = network.sessions(journal).login(request).await.unwrap_err();
    for secret in [APP_PASSWORD, MAIN_PASSWORD] {
        assert!(!error.to_string().contains(secret) && !format!("{error:?}").contains(secret), "{error:?}");
    }
    error
}

#[tokio::test]
async fn an_app_password_logs_in() {
    let (network, journal) = start().await;
    let request = LoginRequest { identifier: " @Alice.Test ".to_owned(), ..network.login(APP_PASSWORD) };
    let account = network.sessions(&journal).login(request).await.unwrap();
    assert_eq!((account.did.as_str(), account.handle.unwrap().as_str()), (DID, HANDLE));
    assert_eq!(account.pds, network.pds());
    assert!(account.active && !account.with_main_password && !account.password_remembered);
    let session = stored(&journal).await.unwrap().session;
    assert_eq!(session.refresh_jwt.expose_secret(), "refresh-1");
    assert!(session.app_password.is_none());
}

#[tokio::test]
async fn a_did_logs_in_too() {
    let (network, journal) = start().await;
    let request = LoginRequest { identifier: DID.to_owned(), ..network.login(APP_PASSWORD) };
    assert_eq!(network.sessions(&journal).login(request).await.unwrap().handle.unwrap().as_str(), HANDLE);
    network.handle_leads_to(HANDLE, "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa");
    let request = LoginRequest { identifier: DID.to_owned(), ..network.login(APP_PASSWORD) };
    assert_eq!(network.sessions(&journal).login(request).await.unwrap().handle, None);
}

#[tokio::test]
async fn an_app_password_is_remembered_only_on_request() {
    let (network, journal) = start().await;
    let request = LoginRequest { remember_password: true, ..network.login(APP_PASSWORD) };
    assert!(network.sessions(&journal).login(request).await.unwrap().password_remembered);
    let password = stored(&journal).await.unwrap().session.app_password.unwrap();
    assert_eq!(password.expose_secret(), APP_PASSWORD);
}

#[tokio::test]
async fn a_login_replaces_the_session_before() {
    let (network, journal) = start().await;
    remember(&journal, &network.session(7200, None)).await;
    network.sessions(&journal).login(network.login(APP_PASSWORD)).await.unwrap();
    assert_eq!(stored(&journal).await.unwrap().session.refresh_jwt.expose_secret(), "refresh-2");
}

#[tokio::test]
async fn a_wrong_password_changes_nothing() {
    let (network, journal) = start().await;
    remember(&journal, &network.session(7200, None)).await;
    let error = fail(&network, &journal, network.login("zzzz-zzzz-zzzz-zzzz")).await;
    assert!(matches!(error, LoginError::WrongPassword { .. }), "{error:?}");
    assert!(error.to_string().contains("app password"), "{error}");
    assert_eq!(stored(&journal).await.unwrap().session.refresh_jwt.expose_secret(), "refresh-1");
}

#[tokio::test]
async fn what_looks_like_a_main_password_is_not_sent_anywhere() {
    let (network, journal) = start().await;
    let error = fail(&network, &journal, network.login(MAIN_PASSWORD)).await;
    assert!(matches!(error, LoginError::MainPassword { sent: false }), "{error:?}");
    assert!(error.to_string().contains("not sent anywhere"), "{error}");
    assert_eq!(network.total(), 0, "nobody was asked anything");
}

#[tokio::test]
async fn a_main_password_in_disguise_is_found_by_its_scope() {
    let (network, journal) = start().await;
    let tokens = json!({"did": DID, "accessJwt": token("com.atproto.access", 7200, 9), "refreshJwt": "refresh-main"});
    network.order("createSession", Reply::Json(200, tokens));
    let error = fail(&network, &journal, network.login(APP_PASSWORD)).await;
    assert!(matches!(error, LoginError::MainPassword { sent: true }), "{error:?}");
    assert!(stored(&journal).await.is_none());
    let ended = network.seen("deleteSession");
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].token.as_deref(), Some("refresh-main"));
}

#[tokio::test]
async fn a_main_password_is_taken_when_allowed_but_never_stored() {
    let (network, journal) = start().await;
    let request = LoginRequest { allow_main_password: true, remember_password: true, ..network.login(MAIN_PASSWORD) };
    let account = network.sessions(&journal).login(request).await.unwrap();
    assert!(account.with_main_password && !account.password_remembered);
    let session = stored(&journal).await.unwrap().session;
    assert!(session.app_password.is_none());
    assert!(!session.to_secret_json().unwrap().expose_secret().contains(MAIN_PASSWORD));
}

#[tokio::test]
async fn a_main_password_of_the_right_form_is_not_stored_either() {
    let (network, journal) = start().await;
    let tokens = json!({"did": DID, "accessJwt": token("com.atproto.access", 7200, 9), "refreshJwt": "r"});
    network.order("createSession", Reply::Json(200, tokens));
    let request = LoginRequest { allow_main_password: true, remember_password: true, ..network.login(APP_PASSWORD) };
    assert!(!network.sessions(&journal).login(request).await.unwrap().password_remembered);
    assert!(stored(&journal).await.unwrap().session.app_password.is_none());
}

#[tokio::test]
async fn a_stolen_handle_never_gets_the_password() {
    let (network, journal) = start().await;
    network.names_itself("bob.test", &network.pds());
    let error = fail(&network, &journal, network.login(APP_PASSWORD)).await;
    assert!(matches!(error, LoginError::Identity(IdentityError::Mismatch { .. })), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("bob.test") && text.contains("was not sent"), "{text}");
    assert_eq!(network.count("createSession"), 0);
}

#[tokio::test]
async fn an_unknown_handle_never_gets_the_password() {
    let (network, journal) = start().await;
    let request = LoginRequest { identifier: "nobody.test".to_owned(), ..network.login(APP_PASSWORD) };
    let error = fail(&network, &journal, request).await;
    assert!(matches!(error, LoginError::Identity(IdentityError::NotFound { .. })), "{error:?}");
    let request = LoginRequest { identifier: "alice".to_owned(), ..network.login(APP_PASSWORD) };
    assert!(matches!(fail(&network, &journal, request).await, LoginError::Identifier(_)));
    assert_eq!(network.count("createSession"), 0);
}

#[tokio::test]
async fn a_private_server_gets_the_password_only_if_a_person_named_it() {
    let (network, journal) = start().await;
    let request = LoginRequest::new(HANDLE, APP_PASSWORD.into());
    let error = fail(&network, &journal, request).await;
    assert!(matches!(error, LoginError::Unreachable { transient: false, .. }), "{error:?}");
    assert!(error.to_string().contains("SKEIN_ALLOW_PRIVATE=localhost:"), "{error}");
    assert_eq!(network.count("createSession"), 0);
}

#[tokio::test]
async fn the_session_of_somebody_else_is_refused_and_ended() {
    let (network, journal) = start().await;
    let other = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa";
    let tokens = json!({"did": other, "accessJwt": token("com.atproto.appPass", 7200, 9), "refreshJwt": "theirs"});
    network.order("createSession", Reply::Json(200, tokens));
    let error = fail(&network, &journal, network.login(APP_PASSWORD)).await;
    assert!(matches!(error, LoginError::Other(_)), "{error:?}");
    assert_eq!(network.seen("deleteSession")[0].token.as_deref(), Some("theirs"));
    assert!(stored(&journal).await.is_none());
}

#[tokio::test]
async fn what_a_server_refuses_is_told_apart() {
    let (network, journal) = start().await;
    let limited = vec![("ratelimit-reset", (NOW_S + 240).to_string()), ("content-type", "application/json".to_owned())];
    let cases: Vec<(Reply, Expected)> = vec![
        (refusal(401, "AccountTakedown", "gone"), |e| matches!(e, LoginError::TakenDown { .. })),
        (refusal(401, "AccountDeactivated", "asleep"), |e| matches!(e, LoginError::Deactivated { .. })),
        (refusal(401, "AuthFactorTokenRequired", "code"), |e| matches!(e, LoginError::AuthFactorTokenRequired { .. })),
        (
            Reply::With(429, limited, r#"{"error":"RateLimitExceeded"}"#.to_owned()),
            |e| matches!(e, LoginError::RateLimited { until, .. } if until.as_second() == NOW_S + 240),
        ),
        (Reply::With(502, vec![], "<html>Bad Gateway</html>".to_owned()), |e| {
            matches!(e, LoginError::Unreachable { transient: true, .. }) && e.to_string().contains("Bad Gateway")
        }),
        (Reply::Lost, |e| matches!(e, LoginError::Unreachable { transient: true, error: CallError::Unknown { .. } })),
        (Reply::Json(200, json!({"did": DID, "accessJwt": 7})), |e| matches!(e, LoginError::Other(_))),
        (refusal(400, "InvalidRequest", "what?"), |e| matches!(e, LoginError::Other(_))),
    ];
    for (reply, expected) in cases {
        network.order("createSession", reply.clone());
        let error = fail(&network, &journal, network.login(APP_PASSWORD)).await;
        assert!(expected(&error), "{reply:?}: {error:?}");
        assert!(stored(&journal).await.is_none());
    }
}

#[tokio::test]
async fn a_code_that_is_not_accepted_is_not_taken_for_a_wrong_password() {
    let (network, journal) = start().await;
    for name in ["InvalidToken", "ExpiredToken"] {
        network.order("createSession", refusal(400, name, "Token is invalid"));
        let code = Some("ABCDE-12345".into());
        let request = LoginRequest { auth_factor_token: code, ..network.login(APP_PASSWORD) };
        let error = fail(&network, &journal, request).await;
        assert!(matches!(error, LoginError::WrongCode { .. }), "{error:?}");
    }
    let sent: Value = serde_json::from_slice(&network.seen("createSession")[0].body).unwrap();
    assert_eq!(sent["authFactorToken"], "ABCDE-12345");
}

#[tokio::test]
async fn a_deactivated_account_may_log_in_and_says_so() {
    let (network, journal) = start().await;
    let tokens = json!({
        "did": DID, "accessJwt": "opaque", "refreshJwt": "r", "active": false, "status": "deactivated"
    });
    network.order("createSession", Reply::Json(200, tokens));
    let account = network.sessions(&journal).login(network.login(APP_PASSWORD)).await.unwrap();
    assert_eq!((account.active, account.status.as_deref()), (false, Some("deactivated")));
}

#[tokio::test]
async fn logging_out_ends_the_session_on_both_sides() {
    let (network, journal) = start().await;
    let sessions = network.sessions(&journal);
    sessions.login(network.login(APP_PASSWORD)).await.unwrap();
    network.order("deleteSession", Reply::Lost);
    sessions.log_out(&did()).await.unwrap();
    assert!(stored(&journal).await.is_none());
    assert_eq!(network.count("deleteSession"), 1);
    sessions.log_out(&did()).await.unwrap();
}
