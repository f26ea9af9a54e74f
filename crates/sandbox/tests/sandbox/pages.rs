//! What people see, and that nothing people write can become more than text.

use crate::wire::{APPLY_WRITES, POST, Stage};
use serde_json::{Value, json};

const KEYS: [&str; 4] = ["3m5aaaaaaaa22", "3m5aaaaaaaa23", "3m5aaaaaaaa24", "3m5aaaaaaaa25"];

async fn write(stage: &Stage, collection: &str, rkey: &str, record: Value) -> Value {
    let create =
        json!({"$type": format!("{APPLY_WRITES}#create"), "collection": collection, "rkey": rkey, "value": record});
    let body = json!({"repo": stage.alice.did, "writes": [create]});
    let answer = stage.post(&format!("/xrpc/{APPLY_WRITES}"), Some(&stage.token), &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let result = &answer.json()["results"][0];
    json!({"uri": result["uri"], "cid": result["cid"]})
}

fn post(text: &str) -> Value {
    json!({"$type": POST, "text": text, "createdAt": "2026-11-21T10:00:00.000Z"})
}

async fn thread_of_three(stage: &Stage) -> Value {
    let first = write(stage, POST, KEYS[0], post("first")).await;
    let mut parent = first.clone();
    for (rkey, text) in [(KEYS[1], "second"), (KEYS[2], "third")] {
        let mut record = post(text);
        record["reply"] = json!({"root": first, "parent": parent});
        parent = write(stage, POST, rkey, record).await;
    }
    first
}

#[tokio::test]
async fn the_whole_thread_is_shown_whichever_post_is_asked_for() {
    let stage = Stage::set().await;
    let first = thread_of_three(&stage).await;
    for (actor, rkey) in [("alice.test", KEYS[0]), ("alice.test", KEYS[2]), (stage.alice.did.as_str(), KEYS[1])] {
        let page = stage.get(&format!("/profile/{actor}/post/{rkey}")).await;
        assert_eq!(page.status, 200);
        let at =
            |text: &str| page.body.find(&format!(">{text}</p>")).unwrap_or_else(|| panic!("{text}: {}", page.body));
        assert!(at("first") < at("second") && at("second") < at("third"));
        assert!(page.body.contains(first["cid"].as_str().unwrap()));
        assert!(page.body.contains("Nothing here was sent to Bluesky or anywhere else."));
        assert!(page.body.contains("21 November 2026, 10:00:00 UTC"));
        assert_eq!(page.body.matches("class=\"focus\"").count(), 1);
    }
    assert_eq!(stage.get("/profile/alice.test/post/3m5zzzzzzzz22").await.status, 404);
    assert_eq!(stage.get("/profile/nobody.test").await.status, 404);
}

#[tokio::test]
async fn forks_and_circles_are_shown_once() {
    let stage = Stage::set().await;
    let first = thread_of_three(&stage).await;
    let mut fork = post("fork");
    fork["reply"] = json!({"root": first, "parent": first});
    write(&stage, POST, KEYS[3], fork).await;
    let page = stage.get(&format!("/profile/alice.test/post/{}", KEYS[0])).await.body;
    assert_eq!(page.matches("<article").count(), 4);
    assert_eq!(page.matches("<div class=\"fork\">").count(), 1);
    // A post that answers itself: the key is known before it is written, and a dangling CID is accepted.
    let mut circle = post("circle");
    let own_uri = format!("at://{}/{POST}/3m5bbbbbbbb22", stage.alice.did);
    let own = json!({"uri": own_uri, "cid": first["cid"]});
    circle["reply"] = json!({"root": own, "parent": own});
    write(&stage, POST, "3m5bbbbbbbb22", circle).await;
    let page = stage.get("/profile/alice.test/post/3m5bbbbbbbb22").await.body;
    assert_eq!(page.matches("<article").count(), 1);
    let thread = stage.get(&format!("/xrpc/app.bsky.feed.getPostThread?uri={own_uri}")).await;
    assert_eq!(thread.status, 200);
}

#[tokio::test]
async fn the_authors_own_answer_goes_on_with_the_thread_whoever_answered_first() {
    let stage = Stage::set().await;
    let first = thread_of_three(&stage).await;
    let bob = stage.sandbox.create_account("bob.test").unwrap();
    let login = json!({"identifier": bob.handle, "password": bob.app_password});
    let session = stage.post("/xrpc/com.atproto.server.createSession", None, &login).await.json();
    let mut answer = post("from bob");
    answer["reply"] = json!({"root": first, "parent": first});
    let body = json!({"repo": bob.did, "collection": POST, "rkey": KEYS[0], "record": answer});
    let path = "/xrpc/com.atproto.repo.createRecord";
    assert_eq!(stage.post(path, session["accessJwt"].as_str(), &body).await.status, 200);
    let page = stage.get(&format!("/profile/alice.test/post/{}", KEYS[2])).await.body;
    let fork = page.split("<div class=\"fork\">").nth(1).unwrap().split("</div>").next().unwrap();
    assert!(fork.contains("from bob") && !fork.contains(">second<"), "{fork}");
}

#[tokio::test]
async fn nothing_people_write_becomes_markup_or_a_script() {
    let stage = Stage::set().await;
    let attack = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&\u{202e}</style></title>";
    let mut record = post(attack);
    let everything = json!({"byteStart": 0, "byteEnd": attack.len()});
    record["facets"] = json!([{"index": everything, "features":
        [{"$type": "app.bsky.richtext.facet#link", "uri": "javascript:alert(1)"}]}]);
    record["langs"] = json!(["en"]);
    record["labels"] = json!({"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": attack}]});
    record["embed"] = json!({"$type": "app.bsky.embed.external", "external":
        {"uri": "javascript:alert(1)", "title": attack, "description": attack}});
    write(&stage, POST, KEYS[0], record).await;
    let mut tagged = post("#x @y z");
    tagged["facets"] = json!([
        {"index": {"byteStart": 0, "byteEnd": 2}, "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": attack.get(..40)}]},
        {"index": {"byteStart": 6, "byteEnd": 7}, "features":
            [{"$type": "app.bsky.richtext.facet#link", "uri": "https://x.com/\"onmouseover=\"alert(1)"}]},
    ]);
    tagged["embed"] = json!({"$type": attack});
    write(&stage, POST, KEYS[1], tagged).await;
    write(
        &stage,
        "app.bsky.actor.profile",
        "self",
        json!({"$type": "app.bsky.actor.profile",
        "displayName": attack.get(..60), "description": attack}),
    )
    .await;
    for path in ["/", "/profile/alice.test", &format!("/profile/alice.test/post/{}", KEYS[0])] {
        let page = stage.get(path).await;
        let html = page.body.to_lowercase();
        for forbidden in ["<script", "<img", "javascript:alert(1)\"", " onmouseover=\"", "\u{202e}", "</title>>"] {
            assert!(!html.contains(forbidden), "{path} contains {forbidden}: {html}");
        }
        assert_eq!(html.matches("</style>").count(), 1);
        assert_eq!(html.matches("</title>").count(), 1);
        assert!(html.contains("&lt;script&gt;alert(1)"));
        assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    }
    for path in ["/profile/%3Cscript%3Ealert(1)%3C%2Fscript%3E", "/profile/%3Cscript%3E/post/%3Cscript%3E"] {
        let page = stage.get(path).await;
        assert_eq!(page.status, 404);
        assert!(!page.body.contains("<script"));
    }
}

#[tokio::test]
async fn pages_lead_nowhere_but_where_the_author_pointed() {
    let stage = Stage::set().await;
    let text = "see x.com";
    let mut record = post(text);
    record["facets"] = json!([{"index": {"byteStart": 4, "byteEnd": 9}, "features":
        [{"$type": "app.bsky.richtext.facet#link", "uri": "https://x.com/a?b=1&c=2"}]}]);
    write(&stage, POST, KEYS[0], record).await;
    let page = stage.get(&format!("/profile/alice.test/post/{}", KEYS[0])).await.body;
    let targets: Vec<&str> = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let outside: Vec<&&str> =
        targets.iter().filter(|target| !target.starts_with('/') && **target != "data:,").collect();
    assert_eq!(outside, [&"https://x.com/a?b=1&amp;c=2"]);
    assert!(!page.contains("bsky.app"));
}
