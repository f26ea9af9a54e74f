//! The client against the reference server, with the machine's clock and randomness.

use serde_json::json;
use skein_bluesky::Environment;
use skein_bluesky::client::{Client, Post};
use skein_bluesky::repo::Record;
use skein_testkit::real_pds::RealPds;
use url::Url;

use crate::house::image;
use crate::network::http;

/// The smallest PNG: one pixel.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";

#[tokio::test]
async fn real_pds_keeps_what_the_client_wrote() {
    let pds = RealPds::start().await.unwrap();
    let alice = pds.create_account("alice.test").await.unwrap();
    let url = |text: &str| Url::parse(text).unwrap();
    let (plc_url, pds_url) = (url(pds.plc_url()), url(pds.pds_url()));
    let environment = Environment { plc_url, appview_url: pds_url.clone(), video_url: pds_url.clone() };
    let client = Client::builder()
        .environment(environment)
        .http(http(skein_net::AllowPrivate::None))
        .service(pds_url)
        .login("alice.test", alice.app_password.as_str())
        .await
        .unwrap();
    let thumb = Some(PNG.into());
    let first = Post::markdown("Hello @alice.test, [here](https://example.com/)\n\n![A dot](dot.png)")
        .picture("dot.png", image(PNG, ""))
        .langs(["en"]);
    let second = Post::new("A card").external("https://example.com/", "Example", "Words", thumb);
    let thread = client.thread([first, second]).await.unwrap();
    let reply = client.post(Post::new("π").reply_to(thread[1].uri.as_str())).await.unwrap();
    assert_eq!(thread[0].commit.as_ref().unwrap().cid, thread[1].commit.as_ref().unwrap().cid);
    for receipt in thread.iter().chain([&reply]) {
        let rkey = receipt.uri.rkey().unwrap();
        let params = [("repo", alice.did.as_str()), ("collection", "app.bsky.feed.post"), ("rkey", rkey.as_str())];
        let kept: Record = client.get("com.atproto.repo.getRecord", &params).await.unwrap().decode().unwrap();
        assert_eq!(kept.cid.as_ref(), Some(&receipt.cid));
        assert!(receipt.warnings.is_empty(), "{:?}", receipt.warnings);
        if receipt.uri == reply.uri {
            assert_eq!(
                kept.value["reply"]["root"],
                json!({"uri": thread[0].uri.as_str(), "cid": thread[0].cid.as_str()})
            );
        }
    }
    let params = [("repo", alice.did.as_str()), ("collection", "app.bsky.feed.post"), ("limit", "2")];
    let mut pages = client.get("com.atproto.repo.listRecords", &params).pages("all").await.unwrap();
    let mut listed = 0;
    while let Some(page) = pages.next().await.unwrap() {
        listed += page["records"].as_array().unwrap().len();
        page.taken().await.unwrap();
    }
    assert_eq!(listed, 3);
}
