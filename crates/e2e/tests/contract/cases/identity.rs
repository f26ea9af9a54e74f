//! Handles, DID documents, and what the server says of itself.

use crate::host::Host;
use crate::wire::Call;

pub(crate) const LIMITS: bool = false;

pub(crate) async fn case(host: &Host) {
    let resolve = |handle: &str| format!("com.atproto.identity.resolveHandle?handle={handle}");
    let found = host.query("known", &resolve(&host.handle), None).await;
    assert_eq!(found.text("/did"), host.did);
    host.query("in capitals", &resolve("ALICE.test"), None).await.ok();
    host.query("unknown", &resolve("nobody.test"), None).await.says(400, "HandleNotFound", "Unable to resolve handle");
    host.query("elsewhere", &resolve("nobody.invalid.example"), None).await.says(
        400,
        "InvalidRequest",
        "Unable to resolve handle",
    );
    host.query("no handle", &resolve("x"), None).await.is(400, "InvalidRequest");
    host.query("nothing", "com.atproto.identity.resolveHandle", None).await.is(400, "InvalidRequest");

    let path = "/.well-known/atproto-did";
    let by_host = |name| Call { verb: "GET", path, host: Some(name), ..Call::default() };
    let answer = host.send("well-known", None, by_host(&host.handle)).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, host.did.as_str()));
    let answer = crate::wire::send(&host.plc_url, by_host("nobody.test")).await;
    assert_eq!(answer.status, 404);

    let directory = Some(host.plc_url.as_str());
    let of = |path| Call { verb: "GET", path, ..Call::default() };
    let own = format!("/{}", host.did);
    let document = host.send("document", directory, of(&own)).await;
    assert_eq!(document.text("/id"), host.did);
    assert_eq!(document.text("/alsoKnownAs/0"), format!("at://{}", host.handle));
    assert_eq!(document.text("/service/0/type"), "AtprotoPersonalDataServer");
    assert_eq!(host.send("no document", directory, of("/did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")).await.status, 404);

    let server = host.query("server", "com.atproto.server.describeServer", None).await;
    assert_eq!(server.text("/availableUserDomains/0"), ".test");
    let repo = host.query("repository", &format!("com.atproto.repo.describeRepo?repo={}", host.handle), None).await;
    assert_eq!(repo.ok()["handleIsCorrect"], true);
    host.query("no repository", "com.atproto.repo.describeRepo?repo=nobody.test", None).await.is(400, "RepoNotFound");
    host.query("health", "_health", None).await.ok();
}
