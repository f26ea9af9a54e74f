//! Several workers on one PostgreSQL: each post goes out once, whichever of them takes it.

use skein_e2e::rig::{Rig, Serve};
use skein_sandbox::Sandbox;
use skein_testkit::postgres::Postgres;

use crate::options;

const POST: &str = "app.bsky.feed.post";
const HANDLES: [&str; 4] = ["alice.test", "bob.test", "carol.test", "dave.test"];

fn installation(sandbox: &Sandbox, database: &str) -> Rig {
    Rig::new(env!("CARGO_BIN_EXE_skein-under-test"), sandbox.url(), sandbox.url()).with_database(database)
}

/// Follows both logs until so many posts are out.
async fn published(one: &mut Serve, other: &mut Serve, posts: usize) {
    let mut out = 0;
    while out < posts {
        let line = tokio::select! {
            line = one.line() => line,
            line = other.line() => line,
        };
        let line = line.expect("a worker ended");
        out += usize::from(line.contains("to=\"published\""));
    }
}

#[tokio::test]
async fn real_postgres_is_shared_by_two_workers_and_each_post_goes_out_once() {
    let (postgres, sandbox) = tokio::join!(Postgres::start(), Sandbox::start(options()));
    let (mut postgres, sandbox) = (postgres.unwrap(), sandbox.unwrap());
    let rig = installation(&sandbox, &postgres.url());
    for handle in HANDLES {
        let account = sandbox.create_account(handle).unwrap();
        rig.login(handle, sandbox.url(), &account.app_password).await.exits(0);
    }

    let stranger = installation(&sandbox, &postgres.url());
    let refused = stranger.run(&["queue"]).await.exits(1);
    assert!(refused.stderr.contains("another master key") && refused.stderr.contains("master.key"), "{refused:#?}");
    assert!(!stranger.has_key(), "a key that opens nothing is left behind");
    rig.run(&["doctor"]).await.exits(0);

    let (mut one, mut other) = (rig.work(), rig.work());
    for round in ["first", "second"] {
        for handle in HANDLES {
            rig.run(&["post", round, "--account", handle, "--at", "in 1s"]).await.exits(6);
        }
    }
    published(&mut one, &mut other, 2 * HANDLES.len()).await;
    for handle in HANDLES {
        let mut texts: Vec<_> =
            sandbox.values(handle, POST).unwrap().into_iter().map(|post| post["text"].clone()).collect();
        texts.sort_by_key(ToString::to_string);
        assert_eq!(texts, ["first", "second"], "{handle}");
    }

    // The one that is left goes on, also after the server was away.
    one.end().await;
    postgres.restart().await.unwrap();
    rig.run(&["post", "third", "--account", HANDLES[0], "--at", "in 1s"]).await.exits(6);
    other.reaches("published").await;
    assert_eq!(sandbox.values(HANDLES[0], POST).unwrap().len(), 3);
    other.end().await;
}
