//! What a web page says of itself, for a link card: its title, its description and its picture.

mod charset;
mod words;

use html5gum::{DefaultEmitter, HtmlString, Token, Tokenizer};
use std::collections::BTreeMap;
use url::Url;

use words::tidy;

type StartTag = html5gum::StartTag<()>;

/// The longest title that is taken from a page, in characters; a longer one is cut at a word.
pub const MAX_TITLE_CHARS: usize = 300;
/// The longest description that is taken from a page, in characters; a longer one is cut at a word.
pub const MAX_DESCRIPTION_CHARS: usize = 1_000;
/// The longest address of a picture that is followed, in bytes.
const MAX_ADDRESS_BYTES: usize = 2_048;

/// Under these names a page gives its title, the best first.
const TITLES: [&str; 2] = ["og:title", "twitter:title"];
/// Under these its description.
const DESCRIPTIONS: [&str; 3] = ["og:description", "twitter:description", "description"];
/// Under these its picture.
const IMAGES: [&str; 5] = ["og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src"];

/// What a page says of itself. Whatever it does not say is absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// One line, at most [`MAX_TITLE_CHARS`].
    pub title: Option<String>,
    /// One line, at most [`MAX_DESCRIPTION_CHARS`].
    pub description: Option<String>,
    /// Where its picture is; `http` or `https`, made whole with the address of the page.
    pub image: Option<Url>,
}

impl Page {
    /// Reads a page that came from this address, with the `Content-Type` that came with it. Any bytes are a page: what is
    /// broken is read as browsers read it, and nothing in it is run.
    ///
    /// The protocol of Open Graph comes first, then that of Twitter, then plain HTML. Of several the first one counts.
    pub fn read(html: &[u8], content_type: Option<&str>, address: &Url) -> Self {
        let text = charset::decode(html, content_type);
        let mut reader = Reader::default();
        for token in tokens(&text) {
            reader.see(token);
        }
        reader.page(address)
    }
}

/// The tokens of a page. Scripts, styles and titles are read as what they are, so tags inside them are none.
fn tokens(html: &str) -> impl Iterator<Item = Token> {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    Tokenizer::new_with_emitter(html, emitter).filter_map(Result::ok)
}

#[derive(Default)]
struct Reader {
    /// What `<meta>` says, by its name in lower case; the first that says something counts.
    said: BTreeMap<String, String>,
    title: Option<String>,
    /// The `<title>` that is open.
    open_title: Option<String>,
    /// Drawings have titles of their own.
    open_drawings: usize,
    base: Option<String>,
    linked_image: Option<String>,
}

impl Reader {
    fn see(&mut self, token: Token) {
        match token {
            Token::StartTag(tag) => self.open(&tag),
            Token::String(text) => {
                if let Some(title) = &mut self.open_title {
                    title.push_str(&String::from_utf8_lossy(&text));
                }
            }
            Token::EndTag(tag) => match tag.name.as_slice() {
                b"title" => self.close_title(),
                b"svg" => self.open_drawings = self.open_drawings.saturating_sub(1),
                _ => {}
            },
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }

    fn open(&mut self, tag: &StartTag) {
        match tag.name.as_slice() {
            b"svg" if !tag.self_closing => self.open_drawings += 1,
            b"title" if self.open_drawings == 0 && self.title.is_none() => self.open_title = Some(String::new()),
            b"meta" => self.note_meta(tag),
            b"base" if self.base.is_none() => self.base = attribute(tag, "href"),
            b"link" if self.linked_image.is_none() => {
                let names = attribute(tag, "rel").unwrap_or_default();
                if names.split_ascii_whitespace().any(|name| name.eq_ignore_ascii_case("image_src")) {
                    self.linked_image = attribute(tag, "href");
                }
            }
            _ => {}
        }
    }

    fn note_meta(&mut self, tag: &StartTag) {
        let Some(content) = attribute(tag, "content").filter(|content| !content.trim().is_empty()) else { return };
        for name in [attribute(tag, "property"), attribute(tag, "name")].into_iter().flatten() {
            let name = name.trim().to_ascii_lowercase();
            if [&TITLES[..], &DESCRIPTIONS, &IMAGES].concat().contains(&name.as_str()) {
                self.said.entry(name).or_insert_with(|| content.clone());
            }
        }
    }

    fn close_title(&mut self) {
        self.title = self.open_title.take().filter(|title| !title.trim().is_empty());
    }

    fn page(mut self, address: &Url) -> Page {
        self.close_open_title();
        let first = |names: &[&str], max| {
            let mut said = names.iter().filter_map(|name| self.said.get(*name));
            said.find_map(|words| tidy(words, max))
        };
        let title = first(&TITLES, MAX_TITLE_CHARS);
        let base = self.base.as_deref().and_then(|base| address.join(base).ok()).unwrap_or_else(|| address.clone());
        let mut images = IMAGES.iter().filter_map(|name| self.said.get(*name)).chain(&self.linked_image);
        Page {
            title: title.or_else(|| tidy(self.title.as_deref()?, MAX_TITLE_CHARS)),
            description: first(&DESCRIPTIONS, MAX_DESCRIPTION_CHARS),
            image: images.find_map(|image| picture_address(image, &base)),
        }
    }

    /// A page that was cut within its title has one all the same.
    fn close_open_title(&mut self) {
        if self.title.is_none() {
            self.close_title();
        }
    }
}

/// An address that a picture may be fetched from: no `data:`, no `javascript:`, and nothing that is no address.
fn picture_address(given: &str, base: &Url) -> Option<Url> {
    let address = base.join(given.trim()).ok()?;
    let is_web = matches!(address.scheme(), "http" | "https");
    (is_web && address.as_str().len() <= MAX_ADDRESS_BYTES).then_some(address)
}

fn attribute(tag: &StartTag, name: &str) -> Option<String> {
    let value: &HtmlString = tag.attributes.get(name.as_bytes())?;
    Some(String::from_utf8_lossy(value).into_owned())
}

#[cfg(test)]
mod tests;
