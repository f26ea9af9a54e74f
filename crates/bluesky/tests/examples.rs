//! Every example runs as it stands there, against the reference servers.
// The attribute tells clippy that helpers outside of test functions may unwrap too.
#![cfg(test)]

use std::collections::BTreeSet;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use skein_testkit::pictures;
use skein_testkit::real_network::RealNetwork;
use skein_testkit::real_pds::{Account, RealPds};

/// Run by the test of this file that has the whole network.
const ON_THE_NETWORK: [&str; 2] = ["analytics", "profiles"];

/// Run where the sandbox is, since the service that encodes videos has no open implementation.
const IN_THE_SANDBOX: [&str; 1] = ["video"];

/// Where the examples are told to go, and who they are.
struct Maker<P> {
    pds: P,
    appview_url: String,
    account: Account,
    ran: BTreeSet<String>,
}

impl<P: Deref<Target = RealPds>> Maker<P> {
    async fn run(&mut self, example: &str, arguments: &[&str]) -> String {
        self.ran.insert(example.to_owned());
        let mut command = tokio::process::Command::new(built(example));
        command.args(arguments).env_clear().kill_on_drop(true);
        for (name, value) in [
            ("BLUESKY_HANDLE", self.account.handle.as_str()),
            ("BLUESKY_PASSWORD", &self.account.app_password),
            ("SKEIN_PLC_URL", self.pds.plc_url()),
            ("SKEIN_APPVIEW_URL", &self.appview_url),
            ("SKEIN_DNS", "off"),
            ("SKEIN_ALLOW_PRIVATE", "1"),
        ] {
            command.env(name, value);
        }
        let output = command.output().await.unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{example}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }

    /// The record at this address, at the server itself.
    async fn record(&self, uri: &str) -> Option<Value> {
        let path: Vec<&str> = uri.trim().strip_prefix("at://").unwrap().split('/').collect();
        let params = [("repo", path[0]), ("collection", path[1]), ("rkey", path[2])];
        let (status, answer) = self.pds.xrpc_get("com.atproto.repo.getRecord", &params, None).await.unwrap();
        (status == 200).then(|| answer["value"].clone())
    }
}

/// Cargo builds the examples with the tests.
fn built(example: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join("examples").join(example);
    assert!(path.exists(), "{} is not built: `cargo build -p skein-bluesky --examples`", path.display());
    path
}

fn written() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn uris(said: &str) -> Vec<&str> {
    said.lines().filter_map(|line| line.split(' ').find(|word| word.starts_with("at://"))).collect()
}

#[tokio::test]
async fn real_pds_runs_every_example() {
    let pds = RealPds::start().await.unwrap();
    let account = pds.create_account("alice.test").await.unwrap();
    let appview_url = pds.pds_url().to_owned();
    let mut maker = Maker { pds: &pds, appview_url, account, ran: BTreeSet::new() };
    texts(&mut maker).await;
    pictured(&mut maker).await;
    conversations(&mut maker).await;
    beneath(&mut maker).await;
    maker.ran.extend(ON_THE_NETWORK.map(str::to_owned));
    maker.ran.extend(IN_THE_SANDBOX.map(str::to_owned));
    assert_eq!(maker.ran, written(), "an example that no test runs");
}

async fn texts(maker: &mut Maker<&RealPds>) {
    let said = maker.run("post", &["Hello from the test"]).await;
    assert!(said.starts_with("Connected as \"alice.test\"\n"), "{said}");
    let record = maker.record(uris(&said)[0]).await.unwrap();
    assert_eq!(record["text"], "Hello from the test");

    let said = maker.run("rich_text", &["alice.test"]).await;
    let uris = uris(&said);
    assert!(uris.len() == 3 && said.lines().count() == 3, "{said}");
    let features = async |uri: &str| {
        let record = maker.record(uri).await.unwrap();
        record["facets"].as_array().unwrap().iter().map(|facet| facet["features"][0].clone()).collect::<Vec<_>>()
    };
    let found = features(uris[0]).await;
    assert_eq!(found[0]["did"], maker.account.did.as_str());
    assert_eq!((&found[1]["uri"], &found[2]["tag"]), (&"https://example.com".into(), &"rust".into()));
    for uri in &uris[1..] {
        assert_eq!(features(uri).await[0]["uri"], "https://bsky.app/");
        assert_eq!(maker.record(uri).await.unwrap()["facets"][0]["index"]["byteStart"], 6);
    }
    let unknown = maker.run("rich_text", &["nobody.test"]).await;
    assert!(unknown.contains("@nobody.test is no account that can be found"), "{unknown}");
}

async fn pictured(maker: &mut Maker<&RealPds>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cat.jpg");
    let bytes = pictures::jpeg(40, 30, 1, Some(6));
    std::fs::write(&file, &bytes).unwrap();
    let small = folder.path().join("small.jpg");
    let small_bytes = pictures::jpeg(8, 6, 1, None);
    std::fs::write(&small, &small_bytes).unwrap();
    let said = maker.run("images", &[file.to_str().unwrap(), small.to_str().unwrap()]).await;
    let uris = uris(&said);
    let embed = async |index: usize| maker.record(uris[index]).await.unwrap()["embed"].clone();
    let four = embed(0).await;
    assert_eq!(four["images"].as_array().unwrap().len(), 4);
    assert_eq!(four["images"][0]["aspectRatio"], serde_json::json!({"width": 30, "height": 40}), "it is shown turned");
    assert_eq!(four["images"][0]["alt"], "My cat asleep on a keyboard");
    assert_eq!(embed(1).await["images"][0]["alt"], "My cat, awake");
    let card = embed(2).await;
    assert_eq!(card["external"]["uri"], "https://example.com/");
    assert_eq!(card["external"]["thumb"]["size"], small_bytes.len());
    let kept = four["images"][0]["image"]["ref"]["$link"].as_str().unwrap();
    assert!(said.contains(&format!("{kept} of {} bytes", bytes.len())), "{said}");
}

async fn conversations(maker: &mut Maker<&RealPds>) {
    let said = maker.run("thread", &[]).await;
    let parts = uris(&said);
    assert_eq!(parts.len(), 3);
    let last = maker.record(parts[2]).await.unwrap();
    assert_eq!((&last["reply"]["root"]["uri"], &last["reply"]["parent"]["uri"]), (&parts[0].into(), &parts[1].into()));

    let page = format!("https://bsky.app/profile/alice.test/post/{}", parts[2].rsplit('/').next().unwrap());
    let said = maker.run("reply", &[&page]).await;
    let answers = uris(&said);
    for (answer, parent) in answers.iter().zip([parts[2], answers[0]]) {
        let reply = maker.record(answer).await.unwrap()["reply"].clone();
        assert_eq!((&reply["root"]["uri"], &reply["parent"]["uri"]), (&parts[0].into(), &parent.into()));
    }

    let said = maker.run("quote", &[&page]).await;
    let records = uris(&said);
    assert!(records[1].contains("threadgate") && records[2].contains("postgate"), "{said}");
    let post = maker.record(records[0]).await.unwrap();
    assert_eq!(post["embed"]["record"]["uri"], parts[2]);
    assert_eq!(
        (&post["labels"]["values"][0]["val"], &post["tags"][0]),
        (&"!no-unauthenticated".into(), &"reading".into())
    );
    assert_eq!(maker.record(records[1]).await.unwrap()["allow"].as_array().unwrap().len(), 2);
    assert_eq!(maker.record(records[2]).await.unwrap()["post"], records[0]);

    let mine = maker.account.clone();
    maker.account = maker.pds.create_account("bob.test").await.unwrap();
    let said = maker.run("quote", &[records[0]]).await;
    assert_eq!(said, "Its author does not let it be quoted.\n");
    maker.account = mine;

    let deleted = maker.run("delete", &[records[0]]).await;
    assert!(deleted.contains("is gone"), "{deleted}");
    for record in &records[..3] {
        assert_eq!(maker.record(record).await, None, "{record} is left behind");
    }
    maker.run("delete", &[records[0]]).await;
}

async fn beneath(maker: &mut Maker<&RealPds>) {
    let said = maker.run("any_method", &[]).await;
    assert!(said.contains(" posts, 200 in ") && said.contains("from /xrpc/com.atproto.repo.listRecords"), "{said}");
    assert!(said.starts_with(&format!("\"at://{}/app.bsky.feed.post/", maker.account.did)), "{said}");

    let said = maker.run("limits", &[]).await;
    assert!(said.lines().any(|line| line.ends_with(": 3 of 5000 used")), "{said}");

    let said = maker.run("errors", &[]).await;
    assert!(said.contains("refused here: part 1: the text takes up to 300 characters, and this has 301"), "{said}");
    assert!(said.contains("refused there: ") && said.contains(" com.atproto.repo.getRecord Some(400) Some("), "{said}");
    assert!(said.lines().last().unwrap().starts_with("call_"), "{said}");
}

#[tokio::test]
async fn real_network_runs_the_examples_that_read() {
    let mut network = RealNetwork::start().await.unwrap();
    let account = network.create_account("alice.test").await.unwrap();
    let appview_url = network.appview_url().to_owned();
    let mut maker = Maker { pds: network, appview_url, account, ran: BTreeSet::new() };
    let said = maker.run("post", &["Wild geese over the harbour"]).await;
    let post = uris(&said)[0].to_owned();
    let path: Vec<&str> = post.split('/').collect();
    let params = [("repo", path[2]), ("collection", path[3]), ("rkey", path[4])];
    let kept = maker.pds.xrpc_get("com.atproto.repo.getRecord", &params, None).await.unwrap().1;
    let token = maker.pds.access_token(&maker.account).await.unwrap();
    let subject = json!({"uri": post, "cid": kept["cid"]});
    for (kind, record) in [
        ("app.bsky.feed.like", json!({ "subject": subject })),
        ("app.bsky.feed.repost", json!({ "subject": subject })),
        ("app.bsky.feed.post", json!({"text": "Where?", "reply": {"root": subject, "parent": subject}})),
        ("app.bsky.actor.profile", json!({"displayName": "Alice"})),
    ] {
        let mut record = record;
        record["$type"] = kind.into();
        record["createdAt"] = "2026-01-01T00:00:00Z".into();
        let rkey = if kind.ends_with("profile") { "self" } else { "3ke6kg3wk2222" };
        let input = json!({"repo": maker.account.did, "collection": kind, "rkey": rkey, "record": record});
        let method = "com.atproto.repo.putRecord";
        assert_eq!(maker.pds.xrpc_post(method, &input, Some(&token)).await.unwrap().0, 200);
    }
    maker.pds.settle().await.unwrap();

    let said = maker.run("analytics", &["alice.test", "geese"]).await;
    assert!(said.contains(&format!("{post}: 1 likes, 1 reposts")), "{said}");
    assert!(said.contains("\"Wild geese over the harbour\" has 1 answers"), "{said}");
    assert!(said.ends_with("1 posts with geese\n"), "{said}");

    let said = maker.run("profiles", &["alice.test"]).await;
    let did = &maker.account.did;
    assert_eq!(said, format!("{did} \"Alice\"\nfrom memory: true\nasked anew: true\n"));
    maker.pds.take_down(&maker.account).await.unwrap();
    maker.pds.settle().await.unwrap();
    let said = maker.run("profiles", &["alice.test"]).await;
    assert!(said.contains("alice.test was taken down by moderators"), "{said}");
    let said = maker.run("profiles", &["nobody.test"]).await;
    assert!(said.contains("nobody.test is no account that the AppView knows"), "{said}");
    assert_eq!(maker.ran.iter().filter(|ran| ON_THE_NETWORK.contains(&ran.as_str())).count(), ON_THE_NETWORK.len());
}
