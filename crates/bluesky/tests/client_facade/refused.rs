//! What cannot be posted is refused by name, before anything is sent.

use skein_bluesky::client::{
    ClientError, IMAGE_MAX_BYTES, Image, MAX_PARTS, MayAnswer, Post, PostError, THUMB_MAX_BYTES,
};

use crate::house::{House, image};
use crate::network::DID;

fn refusal(error: ClientError) -> (usize, PostError) {
    match error {
        ClientError::Post { part, error } => (part, error),
        other => panic!("{other:?}"),
    }
}

fn cases() -> Vec<(Post, &'static str)> {
    let many = |count: usize| (0..count).fold(Post::new(""), |post, _| post.image(image(b"a", "")));
    let png = |bytes: usize| [&b"\x89PNG"[..], &vec![0; bytes - 4]].concat();
    let pictured = |change: fn(&mut Image)| {
        let mut one = image(b"a", "");
        change(&mut one);
        Post::new("").image(one)
    };
    vec![
        (Post::new(" \n "), "the text is empty"),
        (Post::new("x".repeat(301)), "up to 300 characters, and this has 301"),
        (Post::new("👩\u{200d}👩\u{200d}👧\u{200d}👦".repeat(150)), "up to 3000 bytes, and this has 3750"),
        (many(11), "up to 10 pictures, and this has 11"),
        (pictured(|one| one.bytes = vec![0; IMAGE_MAX_BYTES + 1].into()), "image 1 takes up to 2000000 bytes"),
        (pictured(|one| one.bytes = vec![].into()), "image 1: the file is empty"),
        (pictured(|one| one.mime = "video/mp4".to_owned()), "no media type of a picture"),
        (pictured(|one| one.width = 0), "0 by 3 pixels is no size"),
        (pictured(|one| one.alt = "x".repeat(2_001)), "the alt text of image 1 takes up to 2000 characters"),
        (Post::new("a").langs(["en", "de", "fr", "it"]), "up to 3 languages"),
        (Post::new("a").langs(["not a language"]), "langs:"),
        (Post::new("a").tags(["#rust"]), "write it without #"),
        (Post::new("a").tags([""]), "is no tag"),
        (Post::new("a").tags(["x".repeat(65)]), "a tag takes up to 64 characters"),
        (Post::new("a").tags(["a"; 9]), "up to 8 tags"),
        (Post::new("é").facet(0, 1, "https://a.example"), "cut no character"),
        (Post::new("abc").facet(1, 1, "https://a.example"), "its end after its start"),
        (Post::new("abc").facet(0, 9, "https://a.example"), "within the text"),
        (Post::new("abc").facet(0, 1, "mailto:a@b.c"), "http or https"),
        (Post::new("abc").facet(0, 2, "https://a.example").facet(1, 3, "https://a.example"), "overlaps"),
        (Post::markdown("abc").facet(0, 1, "https://a.example"), "in Markdown a link is written"),
        (Post::markdown("![a](a.png)"), "was not given"),
        (Post::markdown("words").picture("a.png", image(b"a", "")), "the text does not show it"),
        (Post::new("words").picture("a.png", image(b"a", "")), "the text does not show it"),
        (Post::new("a").external("ftp://a.example", "", "", None), "no http or https address"),
        (Post::new("a").external("https://a.example", "x".repeat(3_001), "", None), "the title of the card"),
        (Post::new("a").external("https://a.example", "", "", Some(vec![1].into())), "no JPEG, PNG or WebP"),
        (
            Post::new("a").external("https://a.example", "", "", Some(png(THUMB_MAX_BYTES + 1).into())),
            "the picture of the card takes up to 1000000 bytes",
        ),
        (many(1).external("https://a.example", "", "", None), "leave all but one out"),
        (Post::new("a").reply_to("hello"), "reply_to:"),
        (Post::new("a").reply_to("https://bsky.app/profile/alice.test/feed/x"), "only posts can be answered"),
        (Post::new("a").quote("hello"), "quote:"),
        (Post::new("a").quote("at://did:plc:abc/app.bsky.feed.like/x"), "app.bsky.feed.like cannot be quoted"),
        (Post::new("a").labels(["gore"]), "there are sexual, nudity"),
        (Post::new("a").labels(["porn"; 11]), "labels takes up to 10 labels, and this has 11"),
        (Post::new("a").answered_by(vec![MayAnswer::Followers; 6]), "answered_by takes up to 5 rules, and this has 6"),
        (
            Post::new("a").reply_to("at://did:plc:abc/app.bsky.feed.post/x").answered_by([]),
            "on the first part of a thread that answers nothing",
        ),
    ]
}

#[tokio::test]
async fn every_limit_is_said_and_nothing_is_sent() {
    let house = House::new().await;
    let before = house.network.total();
    for (post, expected) in cases() {
        let error = house.client.post(post).await.unwrap_err();
        let said = error.to_string();
        assert!(said.contains(expected) && said.ends_with("nothing was sent"), "{expected}: {said}");
        assert_eq!(refusal(error).0, 1);
    }
    assert_eq!(house.network.total(), before);
}

#[tokio::test]
async fn what_just_fits_is_posted() {
    let house = House::new().await;
    house.client.post(Post::new("x".repeat(300)).langs(["en", "de", "fr"]).tags(["x".repeat(64)])).await.unwrap();
    assert_eq!(house.network.count("applyWrites"), 1);
}

#[tokio::test]
async fn a_thread_names_the_part_and_has_its_bounds() {
    let house = House::new().await;
    let before = house.network.total();
    let posts = [Post::new("one").image(image(b"a", "")), Post::new("x".repeat(301))];
    assert_eq!(refusal(house.client.thread(posts).await.unwrap_err()).0, 2);
    let answering = [Post::new("one"), Post::new("two").reply_to("at://did:plc:abc/app.bsky.feed.post/x")];
    let (part, error) = refusal(house.client.thread(answering).await.unwrap_err());
    assert!(part == 2 && matches!(error, PostError::ReplyInThread), "{error:?}");
    for count in [0, MAX_PARTS + 1] {
        let error = house.client.thread(vec![Post::new("a"); count]).await.unwrap_err();
        assert!(matches!(error, ClientError::Parts { limit: 200, given } if given == count), "{error:?}");
    }
    assert_eq!(house.network.total(), before);
}

#[tokio::test]
async fn gates_count_like_parts_and_stand_on_the_first_one() {
    let house = House::new().await;
    let before = house.network.total();
    let error = house.client.thread(vec![Post::new("a").no_quotes(); 101]).await.unwrap_err();
    assert!(matches!(error, ClientError::Parts { limit: 200, given: 202 }), "{error:?}");
    let late = [Post::new("one"), Post::new("two").answered_by([MayAnswer::Mentioned])];
    let (part, error) = refusal(house.client.thread(late).await.unwrap_err());
    assert!(part == 2 && matches!(error, PostError::GateInThread), "{error:?}");
    assert_eq!(house.network.total(), before);
}

#[tokio::test]
async fn records_of_others_are_not_deleted() {
    let house = House::new().await;
    let before = house.network.total();
    for address in ["at://did:plc:abc/app.bsky.feed.post/x", "hello", "https://bsky.app/profile/did:plc:abc/post/x"] {
        let error = house.client.delete(address).await.unwrap_err();
        assert!(matches!(error, ClientError::NotOwn { .. }), "{error:?}");
    }
    assert_eq!(house.network.total(), before);
    house.client.delete("https://bsky.app/profile/alice.test/post/3ke6kg3wk2222").await.unwrap();
    let input: serde_json::Value = serde_json::from_slice(&house.network.seen("deleteRecord")[0].body).unwrap();
    let expected = serde_json::json!({"repo": DID, "collection": "app.bsky.feed.post", "rkey": "3ke6kg3wk2222"});
    assert_eq!(input, expected);
}
