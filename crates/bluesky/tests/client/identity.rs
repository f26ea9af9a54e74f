//! Finding accounts, and refusing what does not add up.

use serde_json::json;
use skein_atproto::syntax::{AtIdentifier, Did, Handle};
use skein_bluesky::identity::{Identities, IdentityError, MAX_DOCUMENT_BYTES, VerifiedIdentity};
use skein_net::{Dns, Http, NetConfig};

use crate::names::Names;
use crate::network::{DID, HANDLE, Network, Reply, did, refusal};

const OTHER: &str = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa";

type Expected = fn(&IdentityError) -> bool;

fn identities(network: &Network, dns: Dns) -> Identities {
    let http = Http::new(NetConfig { dns, ..NetConfig::default() }).unwrap();
    Identities::new(http, network.environment())
}

async fn resolve(network: &Network, names: &Names, handle: &str) -> Result<Did, IdentityError> {
    identities(network, names.dns).resolve_handle(&Handle::parse(handle).unwrap(), None).await
}

async fn verify(network: &Network, dns: Dns, name: &str) -> Result<VerifiedIdentity, IdentityError> {
    identities(network, dns).verify(&AtIdentifier::parse(name).unwrap(), None).await
}

#[tokio::test]
async fn a_handle_is_found_by_dns_and_checked_both_ways() {
    let network = Network::start().await;
    let names = Names::start(vec![("_atproto.alice.dev", vec!["did=did:plc:ewvi7nxzyoun6zhxrhs64oiz"])]).await;
    network.names_itself("alice.dev", &network.pds());
    let identity = verify(&network, names.dns, "alice.dev").await.unwrap();
    let expected = VerifiedIdentity { did: did(), handle: Handle::parse("alice.dev").ok(), pds: network.pds() };
    assert_eq!(identity, expected);
    assert_eq!(network.count("resolveHandle"), 0, "DNS knew it");
}

#[tokio::test]
async fn conflicting_records_are_a_failure_and_nobody_else_is_asked() {
    let network = Network::start().await;
    let texts = vec!["did=did:plc:ewvi7nxzyoun6zhxrhs64oiz", "did=did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"];
    let names = Names::start(vec![("_atproto.alice.dev", texts)]).await;
    network.handle_leads_to("alice.dev", DID);
    let error = resolve(&network, &names, "alice.dev").await.unwrap_err();
    assert!(matches!(error, IdentityError::Conflict { count: 2, .. }), "{error:?}");
    assert!(error.to_string().contains("_atproto.alice.dev"), "{error}");
    assert_eq!(network.total(), 0);
}

#[tokio::test]
async fn what_the_domain_does_not_know_the_resolver_may() {
    let network = Network::start().await;
    let names = Names::start(vec![]).await;
    network.handle_leads_to("alice.dev", DID);
    assert_eq!(resolve(&network, &names, "alice.dev").await.unwrap(), did());
    let error = resolve(&network, &names, "nobody.dev").await.unwrap_err();
    assert!(matches!(error, IdentityError::NotFound { .. }) && !error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn a_resolver_in_trouble_is_not_a_missing_account() {
    let network = Network::start().await;
    let names = Names::start(vec![("_atproto.broken.dev", vec![])]).await;
    network.order("resolveHandle", Reply::With(502, vec![], "<html>".to_owned()));
    let error = resolve(&network, &names, HANDLE).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    // Here the domain's own DNS is in trouble, so the resolver's no may be for the same reason.
    let error = resolve(&network, &names, "broken.dev").await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn reserved_domains_are_never_asked_in_dns() {
    let network = Network::start().await;
    let names = Names::start(vec![]).await;
    assert_eq!(resolve(&network, &names, HANDLE).await.unwrap(), did());
    for handle in ["alice.localhost", "alice.local", "alice.example", "alice.onion"] {
        let error = resolve(&network, &names, handle).await.unwrap_err();
        assert!(matches!(error, IdentityError::NotFound { .. }), "{handle}: {error:?}");
    }
    assert_eq!(names.questions(), 0);
    assert_eq!(network.count("resolveHandle"), 5);
}

#[tokio::test]
async fn the_resolver_that_a_person_named_is_asked_instead() {
    let (network, named) = (Network::start().await, Network::start().await);
    named.handle_leads_to("bob.test", OTHER);
    let handle = Handle::parse("bob.test").unwrap();
    let found = identities(&network, Dns::Off).resolve_handle(&handle, Some(&named.pds())).await.unwrap();
    assert_eq!((found.as_str(), network.total()), (OTHER, 0));
}

#[tokio::test]
async fn a_handle_that_the_account_does_not_claim_is_a_mismatch() {
    let network = Network::start().await;
    network.handle_leads_to("mallory.test", DID);
    let error = verify(&network, Dns::Off, "mallory.test").await.unwrap_err();
    assert!(matches!(&error, IdentityError::Mismatch { claimed: Some(claimed), .. } if claimed.as_str() == HANDLE));
    network.document(json!({"id": DID}));
    let error = verify(&network, Dns::Off, HANDLE).await.unwrap_err();
    assert!(matches!(error, IdentityError::Mismatch { claimed: None, .. }), "{error:?}");
}

#[tokio::test]
async fn a_did_stands_for_itself_and_shows_only_a_handle_that_leads_back() {
    let network = Network::start().await;
    assert_eq!(verify(&network, Dns::Off, DID).await.unwrap().handle.unwrap().as_str(), HANDLE);
    network.handle_leads_to(HANDLE, OTHER);
    assert_eq!(verify(&network, Dns::Off, DID).await.unwrap().handle, None);
    network.order("resolveHandle", refusal(500, "InternalServerError", ""));
    assert_eq!(verify(&network, Dns::Off, DID).await.unwrap().handle, None);
}

#[tokio::test]
async fn documents_that_are_missing_broken_or_huge_are_told_apart() {
    let network = Network::start().await;
    let cases: Vec<(Reply, Expected)> = vec![
        (Reply::Json(404, json!({})), |e| matches!(e, IdentityError::NotFound { .. })),
        (
            Reply::Json(410, json!({})),
            |e| matches!(e, IdentityError::NotFound { detail, .. } if detail.contains("deleted")),
        ),
        (Reply::Json(503, json!({})), |e| matches!(e, IdentityError::CouldNotAsk { .. })),
        (Reply::Lost, |e| matches!(e, IdentityError::CouldNotAsk { .. })),
        (Reply::With(200, vec![], "<html>".to_owned()), |e| matches!(e, IdentityError::CouldNotAsk { .. })),
        (Reply::Json(200, json!({})), |e| matches!(e, IdentityError::BadDocument { .. })),
        (Reply::Json(200, json!({"id": OTHER})), |e| matches!(e, IdentityError::BadDocument { .. })),
        (Reply::With(200, vec![], " ".repeat(MAX_DOCUMENT_BYTES + 1)), |e| {
            matches!(e, IdentityError::BadDocument { .. })
        }),
        (Reply::Json(200, json!({"id": DID})), |e| matches!(e, IdentityError::NoPds { .. })),
    ];
    for (reply, expected) in cases {
        network.order("plc", reply);
        let error = verify(&network, Dns::Off, DID).await.unwrap_err();
        assert!(expected(&error), "{error:?}");
        assert_eq!(error.is_transient(), matches!(error, IdentityError::CouldNotAsk { .. }));
    }
}

#[tokio::test]
async fn a_document_on_a_private_web_host_is_refused() {
    let network = Network::start().await;
    let names = Names::start(vec![]).await;
    // `*.localhost` is this machine: a did:web there must not make us ask it.
    let error = verify(&network, names.dns, "did:web:inside.localhost").await.unwrap_err();
    assert!(matches!(error, IdentityError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("SKEIN_ALLOW_PRIVATE=inside.localhost:443"), "{error}");
}
