//! Link cards (`app.bsky.embed.external`): made at submission, from what the page says of itself then.

use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};
use skein_atproto::record::cid_of_blob_hash;
use skein_atproto::richtext::Feature;
use skein_atproto::syntax::Uri;
use skein_domain::ports::Originals;
use skein_domain::{Card, CardChoice, Draft, Fault, Fitted, GivenCard, MadeCard, MadeCards, Media, Warning};
use skein_media::{Bounds, Page};
use skein_net::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use skein_net::{Call, Fetched, Http};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

use super::BlueskyConnector;
use super::capabilities::LIMITS;
use super::layout::{LaidPart, lay_out};

/// How long a page may take, with all its redirects: whoever posts waits for it.
const PAGE_TIMEOUT_MS: u64 = 10_000;
/// How long its picture may take.
const IMAGE_TIMEOUT_MS: u64 = 15_000;
/// The largest page that is read; its head is what counts, and some have their scripts in front of it.
const MAX_PAGE_BYTES: usize = 5_000_000;
/// The largest file that is taken for the picture of a page.
const MAX_IMAGE_BYTES: usize = 20_000_000;
/// Pages that are asked at the same time for one submission: each may hold a picture of [`MAX_IMAGE_BYTES`] in memory.
const PAGES_AT_ONCE: usize = 4;
/// How long all pages of a submission may take, in milliseconds. What is not there then is not waited for.
const ALL_PAGES_WITHIN_MS: u64 = 60_000;
/// The longest address of a card, in bytes.
const MAX_URL_BYTES: usize = 2_048;
/// The longest title or description that an author may give, in bytes.
const MAX_WORDS_BYTES: usize = 3_000;

/// Why there is no card, or no picture in it; in words that follow a colon.
type Why = String;

/// A card of a page, and why it has no picture though the page names one; or why there is none.
type OfPage = Result<(MadeCard, Option<Why>), Why>;

impl BlueskyConnector {
    /// The cards of a draft. Each page is asked once, a few at the same time, and all of them within a bound.
    pub(crate) async fn make_cards(&self, draft: &Draft, originals: &dyn Originals) -> MadeCards {
        let laid = lay_out(draft).parts;
        let wanted: Vec<Option<String>> =
            laid.iter().enumerate().map(|(index, part)| self.wanted_page(index, part, draft)).collect();
        let pages = self.ask_pages(wanted.iter().flatten()).await;
        let mut cards = MadeCards::default();
        for (index, (part, url)) in laid.iter().zip(&wanted).enumerate() {
            let made = match (&draft.card, url) {
                (CardChoice::Given(given), _) if index == 0 => {
                    self.given_card(given, originals, &mut cards.faults).await
                }
                (_, Some(url)) => of_page(index, part, url, draft, pages.get(url), &mut cards),
                _ => None,
            };
            cards.of_parts.push(made);
        }
        cards
    }

    /// The page whose card a part gets.
    fn wanted_page(&self, index: usize, part: &LaidPart, draft: &Draft) -> Option<String> {
        match (&draft.card, index) {
            // An address that is none was told by the check.
            (CardChoice::Page(url), 0) => Some(url.clone()).filter(|url| is_web(url)),
            (CardChoice::Given(_), 0) | (CardChoice::Never, _) => None,
            _ => first_link(part).filter(|_| part.media.is_empty() && self.pages.is_some()).map(str::to_owned),
        }
    }

    async fn ask_pages(&self, wanted: impl Iterator<Item = &String>) -> HashMap<String, OfPage> {
        let mut urls: Vec<String> = wanted.cloned().collect();
        urls.sort_unstable();
        urls.dedup();
        let deadline = Instant::now() + Duration::from_millis(ALL_PAGES_WITHIN_MS);
        let asked = urls.into_iter().map(|url| async move {
            let in_time = tokio::time::timeout_at(deadline, self.page_card(&url)).await;
            (url, in_time.unwrap_or_else(|_| Err("it took too long".to_owned())))
        });
        stream::iter(asked).buffer_unordered(PAGES_AT_ONCE).collect().await
    }

    /// Asks a page.
    async fn page_card(&self, given: &str) -> OfPage {
        let http = self.pages.as_ref().ok_or("nothing is read from the web here")?;
        let url = Url::parse(given).map_err(|error| error.to_string())?;
        let accept = HeaderValue::from_static("text/html, application/xhtml+xml;q=0.9, */*;q=0.1");
        let fetched = fetch(http, url, PAGE_TIMEOUT_MS, MAX_PAGE_BYTES, accept).await?;
        let kind = content_type(&fetched);
        if !is_html(kind.as_deref()) {
            return Err(format!("it is no page, but {}", kind.unwrap_or_default()));
        }
        let address = fetched.url.clone();
        let read = tokio::task::spawn_blocking(move || Page::read(&fetched.body, kind.as_deref(), &fetched.url));
        let page = read.await.map_err(|error| format!("a defect: {error}"))?;
        let host = address.host_str().unwrap_or(given).to_owned();
        let (thumb, why) = match page.image {
            None => (None, None),
            Some(image) => match self.page_image(http, image).await {
                Ok(thumb) => (Some(thumb), None),
                Err(why) => (None, Some(why)),
            },
        };
        let (title, description) = (page.title.unwrap_or(host), page.description.unwrap_or_default());
        Ok((MadeCard { url: given.to_owned(), title, description, thumb }, why))
    }

    async fn page_image(&self, http: &Http, image: Url) -> Result<Fitted, Why> {
        let accept = HeaderValue::from_static("image/*");
        let fetched = fetch(http, image, IMAGE_TIMEOUT_MS, MAX_IMAGE_BYTES, accept).await?;
        self.fit_within(fetched.body.into(), Bounds::THUMB).await.map_err(|fault| fault.message)
    }

    /// A card in its author's words. A picture that was named and cannot be used is a fault: it was asked for.
    async fn given_card(
        &self,
        given: &GivenCard,
        originals: &dyn Originals,
        faults: &mut Vec<Fault>,
    ) -> Option<MadeCard> {
        let GivenCard { url, title, description, image } = given.clone();
        let fitted = match image {
            None => Ok(None),
            Some(source) => match originals.read(&source, LIMITS.picture_input_bytes).await {
                Ok(original) => self.fit_within(original, Bounds::THUMB).await.map(Some),
                Err(fault) => Err(fault),
            },
        };
        let told = |fault: Fault| faults.push(Fault { field: Some("card.image".to_owned()), ..fault });
        let thumb = fitted.map_err(told).ok()?;
        Some(MadeCard { url, title, description, thumb })
    }
}

/// What became of the page of a part: a warning where there is no card, for the words are worth more; but a part without
/// words would be empty without it.
fn of_page(
    index: usize,
    part: &LaidPart,
    url: &str,
    draft: &Draft,
    found: Option<&OfPage>,
    cards: &mut MadeCards,
) -> Option<MadeCard> {
    match found? {
        Ok((card, why)) => {
            cards.warnings.extend(why.as_ref().map(|why| without_picture(index, url, why)));
            Some(card.clone())
        }
        Err(why) if part.text.is_empty() && draft.quote.is_none() => {
            let message = format!("The post is its card alone, and there is no card for {}: {why}.", shown(url));
            let fault = Fault::content("card_not_made", "card", message).given(shown(url));
            cards.faults.push(fault.next("Write some words, or give the card a title of its own."));
            None
        }
        Err(why) => {
            cards.warnings.push(not_made(index, url, why));
            None
        }
    }
}

async fn fetch(http: &Http, url: Url, timeout_ms: u64, max_bytes: usize, accept: HeaderValue) -> Result<Fetched, Why> {
    let call = Call::get(url, Duration::from_millis(timeout_ms)).header(ACCEPT, accept);
    let fetched = http.fetch(call, max_bytes).await.map_err(|error| error.to_string())?;
    if fetched.status.is_success() { Ok(fetched) } else { Err(format!("it answers {}", fetched.status)) }
}

fn content_type(fetched: &Fetched) -> Option<String> {
    Some(fetched.headers.get(CONTENT_TYPE)?.to_str().ok()?.chars().take(200).collect())
}

/// A page that does not say what it is counts as one.
fn is_html(kind: Option<&str>) -> bool {
    let essence = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    essence.is_none_or(|essence| matches!(essence.as_str(), "text/html" | "application/xhtml+xml"))
}

fn first_link(part: &LaidPart) -> Option<&str> {
    part.detected.iter().find_map(|found| match &found.feature {
        Feature::Link { uri } if is_web(uri) => Some(uri.as_str()),
        _ => None,
    })
}

/// Whether a record may hold this address, and a page may be there.
fn is_web(url: &str) -> bool {
    url.len() <= MAX_URL_BYTES && Uri::parse(url).is_ok_and(|url| url.is_web())
}

/// Checks what an author says of a card.
pub(crate) fn check(draft: &Draft, first: Option<&LaidPart>, faults: &mut Vec<Fault>) {
    let Some(url) = draft.card.url() else { return };
    if url.len() > MAX_URL_BYTES {
        let message = format!("The address of a card has {} bytes, and {MAX_URL_BYTES} are taken.", url.len());
        let fault = Fault::content("card_url_too_long", "card.url", message);
        faults.push(fault.over(format!("{MAX_URL_BYTES} bytes"), format!("{} bytes", url.len())));
    } else if !is_web(url) {
        let message = "A card leads to a page of the web.";
        let fault = Fault::content("card_url_invalid", "card.url", message).given(url);
        faults.push(fault.next("Give an address that begins with https:// or http://."));
    }
    if first.is_some_and(|part| !part.media.is_empty()) {
        let fault = Fault::content("card_beside_pictures", "card", "A post shows pictures or a card, not both.");
        faults.push(fault.next("Leave out the card or the pictures, or put one of them into a further part."));
    }
    if let CardChoice::Given(GivenCard { title, description, .. }) = &draft.card {
        if title.trim().is_empty() {
            let fault = Fault::content("card_without_title", "card.title", "A card needs a title.");
            faults.push(fault.next("Give one, or only the address, to have the page asked for it."));
        }
        for (field, words) in [("card.title", title), ("card.description", description)] {
            if words.len() > MAX_WORDS_BYTES {
                let message = format!("It has {} bytes, and {MAX_WORDS_BYTES} are taken.", words.len());
                let fault = Fault::content("card_words_too_long", field, message);
                faults.push(fault.over(format!("{MAX_WORDS_BYTES} bytes"), format!("{} bytes", words.len())));
            }
            if words.contains('\0') {
                let fault = Fault::content("text_has_nul", field, "It holds a NUL character.");
                faults.push(fault.next("Take it out; no network shows it."));
            }
        }
    }
}

/// A card as a record holds it.
pub(crate) fn embed(card: &Card) -> Value {
    let mut external = json!({"uri": card.url, "title": card.title, "description": card.description});
    if let (Some(thumb), Some(fields)) = (&card.thumb, external.as_object_mut()) {
        let blob = json!({
            "$type": "blob",
            "ref": {"$link": cid_of_blob_hash(&thumb.file.digest())},
            "mimeType": thumb.mime,
            "size": thumb.bytes,
        });
        fields.insert("thumb".to_owned(), blob);
    }
    json!({"$type": "app.bsky.embed.external", "external": external})
}

/// An address as it is shown: it may be as long as a text, and hold what opens a door.
fn shown(url: &str) -> String {
    Media::new(url, "").name()
}

fn not_made(part: usize, url: &str, why: &str) -> Warning {
    let message = format!("There is no card for {}: {}.", shown(url), why.trim_end_matches('.'));
    Warning::new("card_not_made", format!("parts[{part}].card"), message)
}

fn without_picture(part: usize, url: &str, why: &str) -> Warning {
    let message = format!("The card for {} has no picture: {}.", shown(url), why.trim_end_matches('.'));
    Warning::new("card_without_picture", format!("parts[{part}].card"), message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use skein_domain::Part;

    fn faults(card: CardChoice, media: usize) -> Vec<(String, Option<String>)> {
        let media = vec![Media::new("a.png", "A."); media];
        let draft = Draft { parts: vec![Part { text: "hi".to_owned(), media }], card, ..Draft::default() };
        let mut faults = Vec::new();
        check(&draft, lay_out(&draft).parts.first(), &mut faults);
        faults.into_iter().map(|fault| (fault.code, fault.field)).collect()
    }

    fn codes(card: CardChoice, media: usize) -> Vec<String> {
        faults(card, media).into_iter().map(|(code, _)| code).collect()
    }

    #[test]
    fn what_is_no_page_of_the_web_is_refused() {
        for good in ["https://a.example", "http://a.example/b?c#d"] {
            assert!(codes(CardChoice::Page(good.to_owned()), 0).is_empty(), "{good}");
        }
        for bad in [
            "",
            "a.example",
            "ftp://a.example",
            "javascript:alert(1)",
            "https://",
            "file:///etc/passwd",
            "https://a b",
            "https:///a",
        ] {
            assert_eq!(codes(CardChoice::Page(bad.to_owned()), 0), ["card_url_invalid"], "{bad}");
        }
        let long = format!("https://a.example/{}", "a".repeat(MAX_URL_BYTES));
        assert_eq!(codes(CardChoice::Page(long), 0), ["card_url_too_long"]);
    }

    #[test]
    fn words_of_an_author_are_bounded_and_all_faults_are_told_at_once() {
        let given = GivenCard {
            url: "nowhere".to_owned(),
            title: " ".to_owned(),
            description: format!("\0{}", "x".repeat(MAX_WORDS_BYTES)),
            image: None,
        };
        let told = codes(CardChoice::Given(given), 1);
        let all =
            ["card_url_invalid", "card_beside_pictures", "card_without_title", "card_words_too_long", "text_has_nul"];
        assert_eq!(told, all);
        assert!(codes(CardChoice::Never, 1).is_empty());
        assert!(codes(CardChoice::FirstLink, 1).is_empty());
    }

    #[test]
    fn pages_are_told_from_files() {
        for page in [None, Some("text/html"), Some("Text/HTML; charset=utf-8"), Some("application/xhtml+xml")] {
            assert!(is_html(page), "{page:?}");
        }
        for file in ["application/pdf", "image/png", "text/plain", ""] {
            assert!(!is_html(Some(file)), "{file}");
        }
    }
}
