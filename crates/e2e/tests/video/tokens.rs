//! The sandbox's service takes only the tokens that the real one takes, so that a client with the wrong one is found out here.

use jiff::{SignedDuration, Timestamp};
use skein_bluesky::service_auth::service_token;
use skein_bluesky::session::SessionError;
use skein_bluesky::xrpc::{Auth, CallError};

use crate::Stage;

const UPLOAD: &str = "com.atproto.repo.uploadBlob";
const LIMITS: &str = "app.bsky.video.getUploadLimits";

impl Stage {
    async fn token(&self, audience: &str, method: &str, minutes: i64) -> Result<secrecy::SecretString, SessionError> {
        let now: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        let until = now + SignedDuration::from_mins(minutes);
        self.sessions.call(&self.did, |me| async move { service_token(&me, audience, method, until).await }).await
    }

    /// How `getUploadLimits` answers this token.
    async fn limits_with(&self, token: &secrecy::SecretString) -> Result<(), CallError> {
        let me = self.sessions.authorized(&self.did).await.unwrap();
        me.xrpc().get(me.pds(), LIMITS, &[], Auth::Bearer(token)).await.map(drop)
    }
}

#[tokio::test]
async fn audience_and_method_must_be_the_right_ones() {
    let stage = Stage::set().await;
    let right = stage.token("did:web:localhost", LIMITS, 5).await.unwrap();
    stage.limits_with(&right).await.unwrap();
    for (audience, method, refusal) in
        [("did:web:bsky.social", LIMITS, "BadJwtAudience"), ("did:web:localhost", UPLOAD, "BadJwtLexiconMethod")]
    {
        let token = stage.token(audience, method, 5).await.unwrap();
        let error = stage.limits_with(&token).await.unwrap_err();
        assert!(error.is_named(refusal), "{error}");
    }
}

#[tokio::test]
async fn a_token_of_a_session_is_none_for_a_service_nor_the_other_way_round() {
    let stage = Stage::set().await;
    let me = stage.sessions.authorized(&stage.did).await.unwrap();
    let error = me.get(LIMITS, &[]).await.unwrap_err();
    assert!(error.is_named("BadJwt"), "{error}");
    let token = stage.token("did:web:localhost", UPLOAD, 5).await.unwrap();
    let asked = me.xrpc().get(me.pds(), "com.atproto.server.getSession", &[], Auth::Bearer(&token)).await;
    assert!(asked.unwrap_err().is_named("InvalidToken"));
}

#[tokio::test]
async fn a_token_is_good_for_an_hour_at_most() {
    let stage = Stage::set().await;
    stage.token("did:web:localhost", UPLOAD, 60).await.unwrap();
    for minutes in [61, -1] {
        let error = stage.token("did:web:localhost", UPLOAD, minutes).await.unwrap_err();
        assert!(error.call().unwrap().is_named("BadExpiration"), "{error}");
    }
    assert!(stage.token("localhost", UPLOAD, 5).await.is_err());
}
