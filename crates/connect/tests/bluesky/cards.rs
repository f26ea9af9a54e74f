//! Link cards: made of what pages say, and never in the way of a post.

use skein_domain::ports::Connector;
use skein_domain::{CardChoice, Draft, GivenCard, MadeCard, MadeCards, Media, Part};
use skein_net::{AllowPrivate, Dns, Http, NetConfig};
use skein_testkit::pictures::{bomb, jpeg};
use skein_testkit::{MemoryOriginals, Site};

use crate::host::Scene;

const PAGE: &str = r#"<title>Plain</title><meta property="og:title" content="Geese &amp; swans">
    <meta property="og:description" content="How they fly."><meta property="og:image" content="/goose.jpg">"#;

const PAGE_WITHOUT_PICTURE: &str = "<title>Swans</title>";

async fn cards_allowing(draft: &Draft, allow_private: AllowPrivate) -> MadeCards {
    let http = Http::new(NetConfig { allow_private, dns: Dns::Off, ..NetConfig::default() }).unwrap();
    let connector = Scene::set(3_600).await.connector.asking_pages(http);
    let originals = MemoryOriginals::default();
    originals.add("goose.jpg", &jpeg(64, 48, 1, None));
    originals.add("words.txt", b"words");
    connector.cards(draft, &originals).await
}

async fn cards(draft: &Draft) -> MadeCards {
    cards_allowing(draft, AllowPrivate::All).await
}

fn linking(url: &str) -> Draft {
    Draft { parts: vec![Part::text(format!("Read {url}"))], ..Draft::default() }
}

/// The one card, without a word of warning.
async fn card(draft: &Draft) -> MadeCard {
    let mut made = cards(draft).await;
    assert!(made.warnings.is_empty() && made.faults.is_empty(), "{made:?}");
    made.of_parts.remove(0).unwrap()
}

/// The code and the words of the one warning, and whether there is a card all the same.
async fn warned(draft: &Draft) -> (String, String, bool) {
    let mut made = cards(draft).await;
    assert_eq!((made.warnings.len(), made.faults.len()), (1, 0), "{made:?}");
    let warning = made.warnings.remove(0);
    (warning.code, warning.message, made.of_parts[0].is_some())
}

#[tokio::test]
async fn the_first_link_gets_the_card_that_its_page_describes() {
    let site = Site::start().await.unwrap();
    let url = site.page("/geese", PAGE);
    site.file("/goose.jpg", "image/jpeg", &jpeg(64, 48, 1, None));
    let made = card(&linking(&format!("{url} and {}", site.url("/other")))).await;
    assert_eq!((made.url.as_str(), made.title.as_str()), (url.as_str(), "Geese & swans"));
    assert_eq!(made.description, "How they fly.");
    let thumb = made.thumb.unwrap();
    assert_eq!((thumb.mime.as_str(), thumb.width, thumb.height), ("image/jpeg", 64, 48));
    assert_eq!(site.asked(), ["/geese", "/goose.jpg"]);
}

#[tokio::test]
async fn a_card_leads_where_the_text_leads_whatever_the_page_says() {
    let site = Site::start().await.unwrap();
    site.page("/end", "<title>End</title><meta property=og:url content=https://evil.example>");
    let url = site.redirect("/start", "/end");
    let made = card(&linking(&url)).await;
    assert_eq!((made.url, made.title), (url, "End".to_owned()));
}

#[tokio::test]
async fn a_page_that_says_nothing_is_called_by_its_host() {
    let site = Site::start().await.unwrap();
    let made = card(&linking(&site.page("/bare", "<p>Words"))).await;
    assert_eq!((made.title.as_str(), made.description.as_str(), made.thumb), ("127.0.0.1", "", None));
}

#[tokio::test]
async fn a_page_that_cannot_be_read_is_a_warning_with_the_reason() {
    let site = Site::start().await.unwrap();
    let loops = site.redirect("/loop", "/loop");
    let cases = [
        (site.url("/nowhere"), "404"),
        (site.file("/a.pdf", "application/pdf", b"%PDF"), "application/pdf"),
        (loops, "redirect"),
        (site.endless("/endless"), "5000000"),
        ("https://nobody.example/x".to_owned(), "nobody.example"),
    ];
    for (url, reason) in cases {
        let (code, message, has_card) = warned(&linking(&url)).await;
        assert_eq!((code.as_str(), has_card), ("card_not_made", false), "{url}");
        assert!(message.contains(reason) && message.contains(&url), "{message}");
    }
}

#[tokio::test]
async fn a_picture_that_cannot_be_used_leaves_the_words() {
    let site = Site::start().await.unwrap();
    let page = |image: &str| site.page("/page", &format!("<title>T</title><meta property=og:image content='{image}'>"));
    site.file("/bomb.png", "image/png", &bomb());
    site.file("/words.png", "image/png", b"words");
    for image in ["/nowhere.png", "/bomb.png", "/words.png", "https://nobody.example/a.png"] {
        let (code, message, has_card) = warned(&linking(&page(image))).await;
        assert_eq!((code.as_str(), has_card), ("card_without_picture", true), "{image}: {message}");
    }
}

#[tokio::test]
async fn private_addresses_are_not_asked_also_behind_a_picture() {
    let site = Site::start().await.unwrap();
    let made = cards_allowing(&linking(&site.page("/page", PAGE)), AllowPrivate::None).await;
    assert_eq!(made.warnings[0].code, "card_not_made");
    assert!(site.asked().is_empty());

    let inner = Site::start().await.unwrap();
    let outer =
        site.page("/page", &format!("<title>T</title><meta property=og:image content='{}'>", inner.url("/a.png")));
    let only_outer = AllowPrivate::parse(outer.trim_start_matches("http://").split('/').next().unwrap()).unwrap();
    let made = cards_allowing(&linking(&outer), only_outer).await;
    assert_eq!(made.warnings[0].code, "card_without_picture");
    assert!(inner.asked().is_empty());
}

#[tokio::test]
async fn parts_with_pictures_and_posts_that_want_none_have_no_card() {
    let site = Site::start().await.unwrap();
    let url = site.page("/page", PAGE);
    let mut pictured = linking(&url);
    pictured.parts[0].media = vec![Media::new("goose.jpg", "")];
    let unwanted = Draft { card: CardChoice::Never, ..linking(&url) };
    for draft in [pictured, unwanted, linking("no link at all")] {
        let made = cards(&draft).await;
        assert!(made.of_parts[0].is_none() && made.warnings.is_empty(), "{made:?}");
    }
    assert!(site.asked().is_empty());
}

#[tokio::test]
async fn each_part_of_a_thread_has_its_own_card() {
    let site = Site::start().await.unwrap();
    let (one, two) = (site.page("/1", "<title>One</title>"), site.page("/2", "<title>Two</title>"));
    let texts = [format!("First {one}"), "Between".to_owned(), format!("Last {two}")];
    let draft = Draft { parts: texts.into_iter().map(Part::text).collect(), ..Draft::default() };
    let made = cards(&draft).await;
    let titles: Vec<_> = made.of_parts.iter().map(|card| card.as_ref().map(|card| card.title.as_str())).collect();
    assert_eq!(titles, [Some("One"), None, Some("Two")]);
}

#[tokio::test]
async fn a_chosen_page_comes_before_the_link_and_given_words_ask_nobody() {
    let site = Site::start().await.unwrap();
    let (linked, chosen) = (site.page("/linked", "<title>L</title>"), site.page("/chosen", "<title>C</title>"));
    let made = card(&Draft { card: CardChoice::Page(chosen), ..linking(&linked) }).await;
    assert_eq!(made.title, "C");
    assert_eq!(site.asked(), ["/chosen"]);

    let given = GivenCard {
        url: linked.clone(),
        title: "Mine".to_owned(),
        description: "My words.".to_owned(),
        image: Some("goose.jpg".to_owned()),
    };
    let made = card(&Draft { card: CardChoice::Given(given.clone()), ..linking(&linked) }).await;
    assert_eq!((made.url, made.title, made.thumb.unwrap().width), (linked.clone(), "Mine".to_owned(), 64));
    assert_eq!(site.asked(), ["/chosen"], "nothing more was asked");

    let unusable = GivenCard { image: Some("words.txt".to_owned()), ..given };
    let refused = cards(&Draft { card: CardChoice::Given(unusable), ..linking(&linked) }).await;
    assert_eq!(refused.faults[0].field.as_deref(), Some("card.image"));
}

#[tokio::test]
async fn a_card_that_is_all_there_is_must_be_made() {
    let site = Site::start().await.unwrap();
    let alone = |url: String| Draft { parts: vec![Part::text("")], card: CardChoice::Page(url), ..Draft::default() };
    let made = card(&alone(site.page("/page", PAGE_WITHOUT_PICTURE))).await;
    assert_eq!(made.title, "Swans");
    let refused = cards(&alone(site.url("/nowhere"))).await;
    assert_eq!((refused.faults[0].code.as_str(), refused.warnings.len()), ("card_not_made", 0));
}

#[tokio::test]
async fn a_page_that_several_parts_link_is_asked_once() {
    let site = Site::start().await.unwrap();
    let url = site.page("/page", PAGE_WITHOUT_PICTURE);
    let draft = Draft { parts: vec![Part::text(format!("Again {url}")); 25], ..Draft::default() };
    let made = cards(&draft).await;
    assert_eq!(made.of_parts.iter().flatten().count(), 25);
    assert_eq!(site.asked(), ["/page"]);
}

#[tokio::test]
async fn a_warning_repeats_no_secret_of_an_address() {
    let site = Site::start().await.unwrap();
    let url = site.url("/nowhere?token=hunter2");
    let (_, message, _) = warned(&linking(&url)).await;
    assert!(message.contains("/nowhere") && !message.contains("hunter2"), "{message}");
}
