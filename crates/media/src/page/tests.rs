use super::*;

fn read(html: &str) -> Page {
    read_bytes(html.as_bytes(), None)
}

fn read_bytes(html: &[u8], content_type: Option<&str>) -> Page {
    Page::read(html, content_type, &Url::parse("https://example.com/notes/1?x=2").unwrap())
}

fn title(html: &str) -> Option<String> {
    read(html).title
}

fn image(html: &str) -> Option<String> {
    read(html).image.map(String::from)
}

#[test]
fn open_graph_comes_before_twitter_and_html() {
    let page = read(
        r#"<!doctype html><html><head>
        <title>Plain</title><meta name="description" content="plain words">
        <meta name="twitter:title" content="Tweeted"><meta name="twitter:image" content="/t.png">
        <meta property="og:title" content="Rock &amp; roll &#x1F3B8;"><meta property="og:description" content="  Two
        lines ">
        <meta property="og:image" content="../og.png"></head>"#,
    );
    assert_eq!(page.title.as_deref(), Some("Rock & roll 🎸"));
    assert_eq!(page.description.as_deref(), Some("Two lines"));
    assert_eq!(page.image.unwrap().as_str(), "https://example.com/og.png");
}

#[test]
fn a_page_without_open_graph_has_what_html_says() {
    let page = read(
        "<TITLE>Old <b>times</b></TITLE><META NAME=Description CONTENT='by hand'><link rel='x IMAGE_SRC' href=a.gif>",
    );
    assert_eq!(page.title.as_deref(), Some("Old <b>times</b>"));
    assert_eq!(page.description.as_deref(), Some("by hand"));
    assert_eq!(page.image.unwrap().as_str(), "https://example.com/notes/a.gif");
    assert_eq!(read("no markup at all"), Page::default());
    assert_eq!(read(""), Page::default());
}

#[test]
fn the_first_that_says_something_counts() {
    assert_eq!(
        title(
            r#"<meta property=og:title content=" "><meta name=OG:Title content=First><meta property=og:title content=Second>"#
        ),
        Some("First".to_owned())
    );
    assert_eq!(title("<title> </title><title>Second</title>"), Some("Second".to_owned()));
    assert_eq!(title("<meta property=og:title content='\u{202e}'><title>Kept</title>"), Some("Kept".to_owned()));
}

#[test]
fn what_scripts_styles_comments_and_drawings_hold_is_none() {
    let html = r#"<script>var x = '<meta property="og:title" content="script">';</script>
        <style>/* <title>style</title> */</style><!-- <meta property="og:title" content="comment"> -->
        <textarea><meta property="og:title" content="text"></textarea>
        <svg><title>drawing</title></svg><title>page</title>"#;
    assert_eq!(title(html), Some("page".to_owned()));
}

#[test]
fn only_addresses_of_the_web_are_pictures() {
    for hostile in
        ["data:image/png;base64,AAAA", "javascript:alert(1)", "file:///etc/passwd", "https://", "ftp://a/b.png"]
    {
        let html =
            format!(r#"<meta property="og:image" content="{hostile}"><meta name="twitter:image" content="/t.png">"#);
        assert_eq!(image(&html).as_deref(), Some("https://example.com/t.png"), "{hostile}");
    }
    let long = format!(r#"<meta property="og:image" content="/{}">"#, "a".repeat(MAX_ADDRESS_BYTES));
    assert_eq!(image(&long), None);
    assert_eq!(
        image("<base href='//cdn.example/x/'><meta property=og:image content=a.png>").as_deref(),
        Some("https://cdn.example/x/a.png")
    );
    assert_eq!(image("<base href='javascript:1'><meta property=og:image content=a.png>"), None);
}

#[test]
fn a_page_that_was_cut_is_read_as_far_as_it_goes() {
    assert_eq!(title("<title>Half a ti"), Some("Half a ti".to_owned()));
    assert_eq!(title("<meta property='og:title' content='whole'><meta property='og:descr"), Some("whole".to_owned()));
    let cut = "<title>é".as_bytes();
    assert_eq!(read_bytes(&cut[..cut.len() - 1], None).title.as_deref(), Some("\u{fffd}"));
}

#[test]
fn characters_are_those_that_the_page_is_written_in() {
    let russian = b"<title>\xcf\xf0\xe8\xe2\xe5\xf2</title>";
    let says = |html: &[u8], kind| read_bytes(html, kind).title;
    assert_eq!(says(russian, Some("text/html; Charset=\"windows-1251\"")).as_deref(), Some("Привет"));
    assert_eq!(says(&[b"<meta charset=windows-1251>", &russian[..]].concat(), None).as_deref(), Some("Привет"));
    let old = br#"<meta http-equiv="Content-Type" content="text/html; charset=shift_jis"><title>"#;
    let japanese = [&old[..], b"\x82\xb1\x82\xf1", b"</title>"].concat();
    assert_eq!(says(&japanese, Some("text/html")).as_deref(), Some("こん"));
    assert_eq!(says(b"<title>caf\xe9</title>", None).as_deref(), Some("café"));
    assert_eq!(says("<meta charset=utf-16le><title>café</title>".as_bytes(), None).as_deref(), Some("café"));
    let wide: Vec<u8> = "\u{feff}<title>café</title>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(says(&wide, Some("text/html; charset=ascii")).as_deref(), Some("café"));
    assert_eq!(says("<title>café</title>".as_bytes(), Some("text/html; charset=nonsense")).as_deref(), Some("café"));
}

#[test]
fn long_words_are_cut() {
    let html = format!("<title>{}</title><meta name=description content='{}'>", "a ".repeat(5_000), "é".repeat(5_000));
    let page = read(&html);
    // Cut at a word: the last of 299 characters would be one that is not whole.
    assert_eq!(page.title.unwrap().chars().count(), MAX_TITLE_CHARS - 2);
    assert_eq!(page.description.unwrap().chars().count(), MAX_DESCRIPTION_CHARS);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_a_page(html in proptest::collection::vec(proptest::num::u8::ANY, 0..600), kind in ".{0,40}") {
        read_bytes(&html, Some(&kind));
    }

    #[test]
    fn any_soup_of_tags_is_a_page(words in proptest::collection::vec(
        proptest::sample::select(vec![
            "<meta ", "property=og:title ", "content='", "'", ">", "<title>", "</title>", "<svg>", "</svg/>", "&#x110000;",
            "&amp", "<!--", "-->", "<script>", "</script", "<base href=", "\u{0}", "é", "<link rel=image_src href=", "\"",
        ]),
        0..60,
    )) {
        let page = read(&words.concat());
        if let Some(title) = page.title {
            proptest::prop_assert!(!title.is_empty() && title.chars().count() <= MAX_TITLE_CHARS);
        }
    }
}
