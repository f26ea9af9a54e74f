//! Freezing: instants, addresses, hashes and the exact bytes of the one call that publishes a whole thread.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use skein_atproto::record::{Post, ReplyRef, StrongRef, record_cid};
use skein_atproto::syntax::{AtUri, Datetime, Did, Nsid, RecordKey, Tid};
use skein_domain::ports::Stamp;
use skein_domain::{Account, Fault, Prepared, RecordRef};

use super::content::{Content, PartContent};
use super::film_uploads::Blobs;
use super::unreadable;

/// Between the createdAt of two parts: the least that every reader of the network tells apart.
const STEP_MS: i64 = 1;

/// Makes the final bytes. Pure: the same content, stamp and blobs make the same bytes. Without the blobs of its videos they are
/// those of a preview.
pub(crate) fn freeze(
    account: &Account,
    content: &Content,
    stamp: Stamp,
    encoded: Option<&Blobs>,
) -> Result<Prepared, Fault> {
    let did = Did::parse(&account.identity).map_err(|error| unreadable("DID", error))?;
    let mut writes = Vec::with_capacity(content.parts.len());
    let mut made: Vec<(StrongRef, Datetime)> = Vec::with_capacity(content.parts.len());
    let mut keys = Vec::with_capacity(content.parts.len());
    let mut created_at = stamp.first_created_at;
    for (index, part) in content.parts.iter().enumerate() {
        if index > 0 {
            created_at = step(created_at)?;
        }
        let embed = part.embed(content.quote.as_ref().filter(|_| index == 0), encoded)?;
        let record = Post { embed, ..record_of(part, content, &made, created_at) };
        let rkey = rkey_of(created_at, stamp.clock_id)?;
        let uri = AtUri::record(&did, &post_collection()?, &rkey);
        let cid = record.cid().map_err(|error| unreadable("record", error))?;
        writes.push(create(Post::NSID, &rkey, &record.to_value()));
        made.push((StrongRef { uri, cid }, record.created_at));
        keys.push(rkey);
    }
    let mut records: Vec<_> = made.iter().map(|(part, _)| reference(part)).collect();
    for (collection, place, gate) in content.gates.records(&made) {
        let uri = AtUri::record(&did, &nsid(collection)?, &keys[place]);
        let cid = record_cid(&gate).map_err(|error| unreadable("record", error))?;
        writes.push(create(collection, &keys[place], &gate));
        records.push(reference(&StrongRef { uri, cid }));
    }
    let body = json!({"repo": did, "validate": true, "writes": writes});
    Ok(Prepared {
        body: body.to_string(),
        records,
        first_created_at: stamp.first_created_at,
        last_created_at: created_at,
        frozen_at: stamp.frozen_at,
    })
}

fn record_of(part: &PartContent, content: &Content, made: &[(StrongRef, Datetime)], created_at: Timestamp) -> Post {
    let is_first = made.is_empty();
    let mut record = Post::new(&part.text, Datetime::from_timestamp(created_at));
    record.facets.clone_from(&part.facets);
    record.langs.clone_from(&content.langs);
    record.labels = content.self_labels();
    if is_first {
        record.tags.clone_from(&content.tags);
    }
    record.reply = match made {
        [] => content.reply.clone(),
        [(first, _), .., (last, _)] | [(first @ last, _)] => {
            let root = content.reply.as_ref().map_or(first, |reply| &reply.root);
            Some(ReplyRef { root: root.clone(), parent: last.clone() })
        }
    };
    record
}

fn create(collection: &str, rkey: &RecordKey, record: &Value) -> Value {
    json!({
        "$type": "com.atproto.repo.applyWrites#create",
        "collection": collection,
        "rkey": rkey,
        "value": record,
    })
}

fn reference(record: &StrongRef) -> RecordRef {
    RecordRef { uri: record.uri.to_string(), cid: record.cid.to_string() }
}

fn step(at: Timestamp) -> Result<Timestamp, Fault> {
    at.checked_add(SignedDuration::from_millis(STEP_MS)).map_err(|error| unreadable("time", error))
}

fn rkey_of(at: Timestamp, clock_id: u16) -> Result<RecordKey, Fault> {
    let micros = u64::try_from(at.as_microsecond()).map_err(|error| unreadable("time", error))?;
    let tid = Tid::from_micros(micros, clock_id).map_err(|error| unreadable("time", error))?;
    RecordKey::parse(tid.as_str()).map_err(|error| unreadable("record key", error))
}

fn post_collection() -> Result<Nsid, Fault> {
    nsid(Post::NSID)
}

pub(crate) fn nsid(collection: &str) -> Result<Nsid, Fault> {
    Nsid::parse(collection).map_err(|error| unreadable("collection", error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bluesky::gates::{Allow, Gates};
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
        let part = |text: &&str| PartContent { text: (*text).to_owned(), ..PartContent::default() };
        Content { parts: texts.iter().map(part).collect(), reply, ..Content::default() }
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
        let prepared = freeze(&account(), &thread(&["one", "two", "three"], None), stamp(), None).unwrap();
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
        let prepared = freeze(&account(), &thread(&["one", "two", "three"], None), stamp(), None).unwrap();
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
        let prepared = freeze(&account(), &thread(&["one", "two"], Some(reply.clone())), stamp(), None).unwrap();
        let writes = writes(&prepared);
        assert_eq!(writes[0]["value"]["reply"], serde_json::to_value(&reply).unwrap());
        assert_eq!(writes[1]["value"]["reply"]["root"], serde_json::to_value(&reply.root).unwrap());
        assert_eq!(writes[1]["value"]["reply"]["parent"]["cid"], prepared.records[0].cid);
    }

    #[test]
    fn the_same_content_and_stamp_make_the_same_bytes() {
        let content = thread(&["one", "zwei 👍"], None);
        assert_eq!(
            freeze(&account(), &content, stamp(), None).unwrap(),
            freeze(&account(), &content, stamp(), None).unwrap()
        );
    }

    #[test]
    fn gates_have_the_keys_of_their_posts_and_stand_behind_them() {
        let gates = Gates { replies: Some(vec![Allow::Mentioned, Allow::Followers]), no_quotes: true };
        let content = Content { gates, ..thread(&["one", "two"], None) };
        let prepared = freeze(&account(), &content, stamp(), None).unwrap();
        let writes = writes(&prepared);
        let collections: Vec<_> = writes.iter().map(|write| write["collection"].as_str().unwrap()).collect();
        let (post, thread, quotes) = (Post::NSID, "app.bsky.feed.threadgate", "app.bsky.feed.postgate");
        assert_eq!(collections, [post, post, thread, quotes, quotes]);
        for (gate, of) in [(2, 0), (3, 0), (4, 1)] {
            assert_eq!(writes[gate]["rkey"], writes[of]["rkey"]);
            assert_eq!(writes[gate]["value"]["post"], prepared.records[of].uri);
            assert_eq!(writes[gate]["value"]["createdAt"], writes[of]["value"]["createdAt"]);
            assert_eq!(prepared.records[gate].cid, record_cid(&writes[gate]["value"]).unwrap().as_str());
            assert_eq!(prepared.records[gate].collection(), collections[gate]);
        }
        let allow = json!([
            {"$type": "app.bsky.feed.threadgate#mentionRule"}, {"$type": "app.bsky.feed.threadgate#followerRule"},
        ]);
        assert_eq!(writes[2]["value"]["allow"], allow);
        assert_eq!(writes[4]["value"]["embeddingRules"], json!([{"$type": "app.bsky.feed.postgate#disableRule"}]));
        assert_eq!(skein_domain::parts_among(&prepared.records).count(), 2);
    }

    #[test]
    fn labels_are_on_every_part_and_quote_and_tags_on_the_first() {
        let quote = StrongRef {
            uri: AtUri::parse("at://did:plc:other/app.bsky.feed.post/3ke6kg3wk2222").unwrap(),
            cid: record_cid(&json!({"text": "x"})).unwrap(),
        };
        let content = Content {
            quote: Some(quote.clone()),
            labels: vec!["porn".to_owned()],
            tags: vec!["rust".to_owned()],
            ..thread(&["one", "two"], None)
        };
        let writes = writes(&freeze(&account(), &content, stamp(), None).unwrap());
        let labels = json!({"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "porn"}]});
        assert_eq!((&writes[0]["value"]["labels"], &writes[1]["value"]["labels"]), (&labels, &labels));
        assert_eq!(writes[0]["value"]["tags"], json!(["rust"]));
        assert_eq!(writes[0]["value"]["embed"], json!({"$type": "app.bsky.embed.record", "record": quote}));
        assert!(writes[1]["value"].get("tags").is_none() && writes[1]["value"].get("embed").is_none());
    }
}
