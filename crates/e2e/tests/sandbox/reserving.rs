//! What a client reserves before a call, as another process on the same database sees it.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use skein_bluesky::budget::{Ceiling, Meter};
use skein_bluesky::journal::{BudgetJournal as _, Journal, Session};
use skein_bluesky::repo::APPLY_WRITES;
use skein_bluesky::session::Sessions;
use skein_bluesky::{Did, Environment};
use skein_journal::StoreJournal;
use skein_net::{Dns, Http, NetConfig};
use skein_store::{DatabaseUrl, MasterKey, Store};
use skein_testkit::SeededEntropy;
use skein_testkit::samples::at_ms;

fn alice() -> Did {
    Did::parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz").unwrap()
}

async fn process(folder: &Path) -> Arc<StoreJournal> {
    let url = DatabaseUrl::from(folder.join("skein.db").as_path());
    let key = MasterKey::generate(&SeededEntropy::new(1));
    Arc::new(StoreJournal::new(&Store::open(&url, key, Arc::new(SeededEntropy::new(2))).await.unwrap()))
}

/// With a session of Alice that does not end.
async fn sessions(journal: &Arc<StoreJournal>) -> Sessions {
    let session =
        json!({ "did": alice().as_str(), "pds": "https://pds.example", "access_jwt": "a", "refresh_jwt": "r" });
    let session = Session::from_secret_json(&session.to_string()).unwrap();
    journal.put_session(&alice(), &session, None).await.unwrap();
    let http = Http::new(NetConfig { dns: Dns::Off, ..NetConfig::default() }).unwrap();
    let journal = Arc::clone(journal) as Arc<dyn Journal>;
    Sessions::new(http, Environment::default(), journal, Arc::new(|| at_ms(0)), "one".to_owned())
}

async fn used(journal: &StoreJournal) -> u64 {
    let writes = Meter::writes(&alice());
    journal.tally(&writes).await.unwrap().unwrap().gauges(&writes, at_ms(0))[0].used
}

#[tokio::test]
async fn only_small_reservations_wait_to_be_written_and_none_under_an_operators_ceiling() {
    for (has_ceiling, is_beyond_it, posts, waits) in [
        (false, false, 1, true),
        (false, false, 3, true),
        (false, false, 4, false),
        (true, false, 1, false),
        (true, true, 1, false),
        (false, true, 1, true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (process(folder.path()).await, process(folder.path()).await);
        let sessions = sessions(&one).await;
        let ceiling = Ceiling { points_per_hour: Some(4_000), points_per_day: None };
        let sessions = if has_ceiling { sessions.under(ceiling) } else { sessions };
        let create = json!({ "$type": "com.atproto.repo.applyWrites#create" });
        // The first of an account is always written.
        for posts in [1, posts] {
            let body = json!({ "writes": vec![create.clone(); posts] }).to_string();
            let authorized = sessions.authorized(&alice()).await.unwrap();
            let authorized = if is_beyond_it { authorized.beyond_ceiling() } else { authorized };
            authorized.paid(APPLY_WRITES, body.as_bytes()).await.unwrap();
        }
        let all = 3 + 3 * posts as u64;
        let told = format!("{posts} posts, ceiling: {has_ceiling}, beyond it: {is_beyond_it}");
        assert_eq!((used(&one).await, used(&other).await), (all, if waits { 3 } else { all }), "{told}");
    }
}
