//! An access token that ended at the server, while the client still believes in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::SignedDuration;
use skein_e2e::rig::Rig;
use skein_sandbox::{Sandbox, SandboxOptions};

/// Longer than access tokens last.
const LATER_S: i64 = 3 * 3_600;
/// Processes that ask at the same time.
const ASKING: usize = 16;

#[tokio::test]
async fn sixteen_processes_on_one_expired_session_refresh_it_once() {
    let ahead_s = Arc::new(AtomicI64::new(0));
    let sandbox = Sandbox::start(with_clock(Arc::clone(&ahead_s))).await.unwrap();
    let alice = sandbox.create_account("alice.test").unwrap();
    let rig = Arc::new(Rig::new(env!("CARGO_BIN_EXE_skein-under-test"), sandbox.url(), sandbox.url()));
    rig.login("alice.test", sandbox.url(), &alice.app_password).await.exits(0);
    ahead_s.store(LATER_S, Ordering::SeqCst);

    let asking: Vec<_> = (0..ASKING)
        .map(|_| {
            let rig = Arc::clone(&rig);
            let method = ["get", "com.atproto.server.getSession", "--account", "alice.test"];
            tokio::spawn(async move { rig.run(&method).await })
        })
        .collect();
    for asked in asking {
        let answer = asked.await.unwrap().exits(0).json();
        assert_eq!(answer["did"], alice.did.as_str());
    }

    let calls = async |method: &str| {
        let log = rig.run(&["log", "--method", method, "--limit", "100", "--json"]).await.exits(0).stdout;
        log.matches("\"call_").count()
    };
    assert_eq!(calls("refreshSession").await, 1);
    assert_eq!(calls("createSession").await, 1, "the one of the login");
    assert!(calls("getSession").await > ASKING, "somebody met the expired token");
}

#[expect(clippy::disallowed_methods, reason = "the processes under test live in real time, and so does their sandbox")]
fn with_clock(ahead_s: Arc<AtomicI64>) -> SandboxOptions {
    let clock = move || jiff::Timestamp::now() + SignedDuration::from_secs(ahead_s.load(Ordering::SeqCst));
    SandboxOptions { port: 0, clock: Arc::new(clock), seed: 1 }
}
