//! Tokens for other services: for whom, for what, and for how long.

use crate::host::Host;

pub(crate) const LIMITS: bool = false;

const VIDEO: &str = "did:web:video.bsky.app";
const UPLOAD: &str = "com.atproto.repo.uploadBlob";

pub(crate) async fn case(host: &Host) {
    let ask = async |label: &str, query: &str| {
        host.query(label, &format!("com.atproto.server.getServiceAuth?{query}"), Some(&host.token)).await
    };
    let token = ask("a method", &format!("aud={VIDEO}&lxm={UPLOAD}")).await.text("/token");
    assert_eq!(token.split('.').count(), 3);
    ask("any method", &format!("aud={VIDEO}")).await.ok();
    ask("a service by its id", &format!("aud={VIDEO}%23video&lxm={UPLOAD}")).await.ok();
    ask("no audience", &format!("lxm={UPLOAD}")).await.is(400, "InvalidRequest");
    for aud in ["video.bsky.app", "did:example:abc"] {
        let wanted = "aud must be a valid atproto DID or did#serviceId reference";
        ask(aud, &format!("aud={aud}&lxm={UPLOAD}")).await.says(400, "InvalidRequest", wanted);
    }
    let past = ask("in the past", &format!("aud={VIDEO}&lxm={UPLOAD}&exp=1000")).await;
    past.says(400, "BadExpiration", "expiration is in past");
    let late = "cannot request a token with an expiration more than an hour in the future";
    ask("too long", &format!("aud={VIDEO}&lxm={UPLOAD}&exp=9999999999")).await.says(400, "BadExpiration", late);
    let protected = "com.atproto.server.createAppPassword";
    let refused = format!("cannot request a service auth token for the following protected method: {protected}");
    ask("protected", &format!("aud={VIDEO}&lxm={protected}")).await.says(400, "InvalidRequest", &refused);

    let query = format!("com.atproto.server.getServiceAuth?aud={VIDEO}&lxm={UPLOAD}");
    host.query("nobody", &query, None).await.is(401, "AuthMissing");
    let access = host.log_in("by app password", &host.app_password).await.text("/accessJwt");
    host.query("by an app password", &query, Some(&access)).await.ok();
}
