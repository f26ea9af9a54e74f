//! Link cards, from the command line to the record.

use serde_json::{Value, json};
use skein_atproto::record::cid_of_blob;
use skein_testkit::Site;
use skein_testkit::pictures::jpeg;

use crate::Scene;

impl Scene {
    pub(crate) fn embeds(&self) -> Vec<Value> {
        let values = self.sandbox.values(&self.alice.did, "app.bsky.feed.post").unwrap();
        values.into_iter().map(|mut value| value["embed"].take()).collect()
    }
}

#[tokio::test]
async fn a_link_goes_out_with_the_card_that_was_previewed() {
    let (scene, site) = (Scene::set().await, Site::start().await.unwrap());
    let url = site.page(
        "/geese",
        "<meta property=og:title content='Geese'><meta name=description content='How they fly.'>\
         <meta property=og:image content=goose.jpg>",
    );
    let goose = jpeg(64, 48, 1, None);
    site.file("/goose.jpg", "image/jpeg", &goose);
    let text = format!("Read {url}");

    let preview = scene.rig.run(&["preview", &text, "--json"]).await.exits(0).json();
    let previewed = preview["records"][0]["value"]["embed"].clone();
    assert_eq!(previewed["external"]["title"], "Geese");
    assert_eq!(preview["parts"][0]["card"]["thumb"]["width"], 64);
    let told = scene.rig.run(&["preview", &text]).await.exits(0).stdout;
    assert!(told.contains("Geese") && told.contains("How they fly.") && told.contains("64 × 48 px"), "{told}");

    scene.rig.run(&["post", &text]).await.exits(0);
    let cid = cid_of_blob(&goose);
    let thumb = json!({"$type": "blob", "ref": {"$link": cid.as_str()}, "mimeType": "image/jpeg", "size": goose.len()});
    let external = json!({"uri": url, "title": "Geese", "description": "How they fly.", "thumb": thumb});
    let expected = json!({"$type": "app.bsky.embed.external", "external": external});
    assert_eq!(previewed, expected);
    assert_eq!(scene.embeds(), [expected]);
    assert_eq!(scene.sandbox.blob(&scene.alice.did, cid.as_str()).unwrap().unwrap(), goose);
}

#[tokio::test]
async fn a_post_goes_out_without_the_card_that_cannot_be_made() {
    let (scene, site) = (Scene::set().await, Site::start().await.unwrap());
    let url = site.url("/nowhere");
    let posted = scene.rig.run(&["post", &format!("Read {url}"), "--json"]).await.exits(0).json();
    assert_eq!(posted["warnings"][0]["code"], "card_not_made", "{posted:#}");
    assert_eq!(scene.embeds(), [Value::Null]);
}

#[tokio::test]
async fn a_card_is_chosen_or_refused_at_the_command_line() {
    let (scene, site) = (Scene::set().await, Site::start().await.unwrap());
    let (linked, chosen) = (site.page("/linked", "<title>L</title>"), site.page("/chosen", "<title>C</title>"));
    let text = format!("Read {linked}");
    scene.rig.run(&["post", &text, "--card", &chosen]).await.exits(0);
    scene.rig.run(&["post", &text, "--no-card"]).await.exits(0);
    let embeds = scene.embeds();
    assert_eq!((&embeds[0]["external"]["title"], &embeds[1]), (&json!("C"), &Value::Null));

    let refused = scene.rig.run(&["post", &text, "--card", "somewhere", "--json"]).await.exits(3).json();
    assert!(refused.to_string().contains("card_url_invalid"), "{refused:#}");
    assert_eq!(scene.records(), 2);
}

#[tokio::test]
async fn a_quote_and_a_card_stand_together() {
    let (scene, site) = (Scene::set().await, Site::start().await.unwrap());
    scene.rig.run(&["post", "The first"]).await.exits(0);
    let url = site.page("/page", "<title>T</title>");
    scene.rig.run(&["post", &format!("Read {url}"), "--quote", "last"]).await.exits(0);
    let embed = scene.embeds().remove(1);
    assert_eq!(embed["$type"], "app.bsky.embed.recordWithMedia");
    assert_eq!(embed["media"]["$type"], "app.bsky.embed.external");
    assert_eq!(embed["media"]["external"]["title"], "T");
}
