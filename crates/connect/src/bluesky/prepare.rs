//! Freezing: instants, addresses, hashes and the exact bytes of the one call that publishes a whole thread.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use skein_atproto::record::{Post, ReplyRef, StrongRef};
use skein_atproto::syntax::{AtUri, Datetime, Did, Nsid, RecordKey, Tid};
use skein_domain::ports::Stamp;
use skein_domain::{Account, Fault, Prepared, RecordRef};

use super::content::{Content, PartContent};
use super::unreadable;

/// Between the createdAt of two parts: the least that every reader of the network tells apart.
const STEP_MS: i64 = 1;

/// Makes the final bytes. Pure: the same content and stamp make the same bytes.
pub(crate) fn freeze(account: &Account, content: &Content, stamp: Stamp) -> Result<Prepared, Fault> {
    let did = Did::parse(&account.identity).map_err(|error| unreadable("DID", error))?;
    let mut writes = Vec::with_capacity(content.parts.len());
    let mut made: Vec<StrongRef> = Vec::with_capacity(content.parts.len());
    let mut created_at = stamp.first_created_at;
    for (index, part) in content.parts.iter().enumerate() {
        if index > 0 {
            created_at = step(created_at)?;
        }
        let record = record_of(part, content, &made, created_at);
        let rkey = rkey_of(created_at, stamp.clock_id)?;
        let uri = AtUri::record(&did, &post_collection()?, &rkey);
        let cid = record.cid().map_err(|error| unreadable("record", error))?;
        writes.push(create(&rkey, &record.to_value()));
        made.push(StrongRef { uri, cid });
    }
    let body = json!({"repo": did, "validate": true, "writes": writes});
    Ok(Prepared {
        body: body.to_string(),
        records: made.iter().map(|part| RecordRef { uri: part.uri.to_string(), cid: part.cid.to_string() }).collect(),
        first_created_at: stamp.first_created_at,
        last_created_at: created_at,
        frozen_at: stamp.frozen_at,
    })
}

fn record_of(part: &PartContent, content: &Content, made: &[StrongRef], created_at: Timestamp) -> Post {
    let mut record = Post::new(&part.text, Datetime::from_timestamp(created_at));
    record.facets.clone_from(&part.facets);
    record.langs.clone_from(&content.langs);
    record.embed = part.embed();
    record.reply = match made {
        [] => content.reply.clone(),
        [first, .., last] | [first @ last] => {
            let root = content.reply.as_ref().map_or(first, |reply| &reply.root);
            Some(ReplyRef { root: root.clone(), parent: last.clone() })
        }
    };
    record
}

fn create(rkey: &RecordKey, record: &Value) -> Value {
    json!({
        "$type": "com.atproto.repo.applyWrites#create",
        "collection": Post::NSID,
        "rkey": rkey,
        "value": record,
    })
}

fn step(at: Timestamp) -> Result<Timestamp, Fault> {
    at.checked_add(SignedDuration::from_millis(STEP_MS)).map_err(|error| unreadable("time", error))
}

fn rkey_of(at: Timestamp, clock_id: u16) -> Result<RecordKey, Fault> {
    let micros = u64::try_from(at.as_microsecond()).map_err(|error| unreadable("time", error))?;
    let tid = Tid::from_micros(micros, clock_id).map_err(|error| unreadable("time", error))?;
    RecordKey::parse(tid.as_str()).map_err(|error| unreadable("record key", error))
}

pub(crate) fn post_collection() -> Result<Nsid, Fault> {
    Nsid::parse(Post::NSID).map_err(|error| unreadable("collection", error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use skein_atproto::record::{Facet, record_cid};
    use skein_domain::ports::NewAccount;
    use skein_domain::{AccountId, Platform, WorkspaceId};

    struct Zero;
    impl skein_domain::ports::Entropy for Zero {
        fn fill(&self, into: &mut [u8]) {
            into.fill(0);
        }
    }

    fn account() -> Account {
        let at = Timestamp::UNIX_EPOCH;
        let new = NewAccount {
            id: AccountId::mint(at, &Zero),
            workspace: WorkspaceId::personal(),
            platform: Platform::Bluesky,
            identity: "did:plc:ewvi7nxzyoun6zhxrhs64oiz".to_owned(),
            handle: "alice.test".to_owned(),
            host: "https://pds.example".to_owned(),
            at,
        };
        new.into()
    }

    fn thread(texts: &[&str], reply: Option<ReplyRef>) -> Content {
        let part =
            |text: &&str| PartContent { text: (*text).to_owned(), facets: Vec::<Facet>::new(), pictures: Vec::new() };
        Content { parts: texts.iter().map(part).collect(), reply, langs: Vec::new() }
    }

    fn stamp() -> Stamp {
        let first_created_at: Timestamp = "2026-12-01T08:00:00Z".parse().unwrap();
        Stamp { first_created_at, clock_id: 17, frozen_at: first_created_at }
    }

    fn writes(prepared: &Prepared) -> Vec<Value> {
        let body: Value = serde_json::from_str(&prepared.body).unwrap();
        body["writes"].as_array().unwrap().clone()
    }

    #[test]
    fn addresses_and_hashes_are_those_of_the_bytes() {
        let prepared = freeze(&account(), &thread(&["one", "two", "three"], None), stamp()).unwrap();
        for (index, (write, record)) in writes(&prepared).iter().zip(&prepared.records).enumerate() {
            let micros = 1_796_112_000_000_000 + 1_000 * u64::try_from(index).unwrap();
            let tid = Tid::from_micros(micros, 17).unwrap();
            assert_eq!(write["rkey"], tid.as_str());
            assert_eq!(write["value"]["createdAt"], format!("2026-12-01T08:00:00.00{index}Z"));
            assert_eq!(record.cid, record_cid(&write["value"]).unwrap().as_str());
            assert_eq!(record.uri, format!("at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/{tid}"));
        }
        assert_eq!(prepared.last_created_at, "2026-12-01T08:00:00.002Z".parse().unwrap());
    }

    #[test]
    fn each_part_answers_the_one_before_and_the_first_is_the_root() {
        let prepared = freeze(&account(), &thread(&["one", "two", "three"], None), stamp()).unwrap();
        let writes = writes(&prepared);
        assert!(writes[0]["value"].get("reply").is_none(), "absent, never null");
        for index in [1, 2] {
            let reply = &writes[index]["value"]["reply"];
            assert_eq!(reply["root"]["cid"], prepared.records[0].cid);
            assert_eq!(reply["parent"]["cid"], prepared.records[index - 1].cid);
            assert_eq!(reply["parent"]["uri"], prepared.records[index - 1].uri);
        }
    }

    #[test]
    fn a_thread_that_answers_keeps_the_root_of_what_it_answers() {
        let strong = |rkey: &str| StrongRef {
            uri: AtUri::parse(&format!("at://did:plc:other/app.bsky.feed.post/{rkey}")).unwrap(),
            cid: record_cid(&json!({"text": rkey})).unwrap(),
        };
        let reply = ReplyRef { root: strong("3ke6kg3wk2222"), parent: strong("3ke6kg3wk2223") };
        let prepared = freeze(&account(), &thread(&["one", "two"], Some(reply.clone())), stamp()).unwrap();
        let writes = writes(&prepared);
        assert_eq!(writes[0]["value"]["reply"], serde_json::to_value(&reply).unwrap());
        assert_eq!(writes[1]["value"]["reply"]["root"], serde_json::to_value(&reply.root).unwrap());
        assert_eq!(writes[1]["value"]["reply"]["parent"]["cid"], prepared.records[0].cid);
    }

    #[test]
    fn the_same_content_and_stamp_make_the_same_bytes() {
        let content = thread(&["one", "zwei 👍"], None);
        assert_eq!(freeze(&account(), &content, stamp()).unwrap(), freeze(&account(), &content, stamp()).unwrap());
    }
}
