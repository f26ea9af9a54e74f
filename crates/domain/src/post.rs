//! What a person wrote: parts, options and a time.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ports::ContentHash;
use crate::{CardChoice, Gates, Named, PostId, Warning, WorkspaceId};

/// One part of a post. A post of several parts is a thread.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The words, as they were written.
    pub text: String,
    /// The pictures, in the order in which they are shown; or one video.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Media>,
}

impl Part {
    /// A part of words alone.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), media: Vec::new() }
    }
}

/// A picture or a video of a part, as it was named. Which of the two it is, its bytes say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Media {
    /// Where it comes from, as the door that was used understands it: a path, or an address.
    pub source: String,
    /// What it shows, for those who cannot see it; may be empty.
    #[serde(default)]
    pub alt: String,
    /// The captions of a video.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captions: Vec<NamedCaption>,
}

/// Captions of a video, as they were named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedCaption {
    /// Their language, as a BCP-47 tag.
    pub lang: String,
    /// Where they come from, as that of [`Media`].
    pub source: String,
}

impl Media {
    /// Something without captions.
    pub fn new(source: impl Into<String>, alt: impl Into<String>) -> Self {
        Self { source: source.into(), alt: alt.into(), captions: Vec::new() }
    }

    /// The source as it may be shown and kept: an address without user, password, query and fragment, and no more than two
    /// hundred characters. A path as it is.
    pub fn name(&self) -> String {
        name_of(&self.source)
    }
}

impl NamedCaption {
    /// The source as it may be shown and kept, as [`Media::name`].
    pub fn name(&self) -> String {
        name_of(&self.source)
    }
}

fn name_of(source: &str) -> String {
    let is_address = source.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    });
    let shown = if is_address { without_secrets(source) } else { source.to_owned() };
    shown.chars().take(MAX_NAME_CHARS).collect()
}

/// The longest name of a source that is shown.
const MAX_NAME_CHARS: usize = 200;

fn without_secrets(address: &str) -> String {
    let end = address.find(['?', '#']).unwrap_or(address.len());
    let address = &address[..end];
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// A picture in the form in which a platform takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its MIME type.
    pub mime: String,
    /// Width in pixels of the upright picture.
    pub width: u32,
    /// Height in pixels of the upright picture.
    pub height: u32,
    /// What was lost on the way that people may see, in words.
    pub losses: Vec<String>,
}

/// A fitted picture whose bytes are kept under their hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Under which its bytes are kept.
    pub file: ContentHash,
    /// Its MIME type.
    pub mime: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Width in pixels of the upright picture.
    pub width: u32,
    /// Height in pixels of the upright picture.
    pub height: u32,
    /// What it shows, for those who cannot see it; may be empty.
    pub alt: String,
}

/// How a text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// As it is.
    #[default]
    Plain,
    /// As Markdown: its links and pictures become those of the post, the rest its words.
    Markdown,
}

/// What becomes of a text that is too long for one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// It is refused.
    #[default]
    Never,
    /// It is cut into parts.
    Parts,
    /// It is cut into parts, and where there are several each says which one it is.
    Numbered,
}

/// What is made of the texts of a draft. Each platform does it by its own limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Layout {
    /// How they are read.
    pub format: Format,
    /// What becomes of those that are too long.
    pub split: Split,
    /// Whether addresses are shown short; they lead to where they lead.
    pub shorten: bool,
}

impl Layout {
    /// Whether texts stay as they were written.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// Among the languages of a draft: the one that its texts seem to be in.
pub const LANG_AUTO: &str = "auto";

/// What is asked to be published, before anything was checked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Draft {
    /// One part, or more for a thread.
    pub parts: Vec<Part>,
    /// What it answers: an at-uri, the address of a post on bsky.app, or the id of an own post.
    pub reply_to: Option<String>,
    /// What its first part quotes, written like `reply_to`; feeds, lists and starter packs can be quoted too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// Languages, as BCP-47 tags; [`LANG_AUTO`] stands for the one that its texts seem to be in.
    pub langs: Vec<String>,
    /// What its author warns of, in the platform's words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Hashtags that do not stand in the text, without `#`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Who may answer and quote it.
    #[serde(default, skip_serializing_if = "Gates::is_open")]
    pub gates: Gates,
    /// Which link card it gets.
    #[serde(default, skip_serializing_if = "CardChoice::is_default")]
    pub card: CardChoice,
    /// What is made of the texts.
    #[serde(default, skip_serializing_if = "Layout::is_plain")]
    pub layout: Layout,
}

/// A post that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// The post's id.
    pub id: PostId,
    /// Who owns it.
    pub workspace: WorkspaceId,
    /// What whoever submitted it calls it.
    pub named: Option<Named>,
    /// What was written.
    pub draft: Draft,
    /// The instant that was asked for at submission; each delivery has its own, which may have been moved since.
    pub due: Timestamp,
    /// The zone in which its author thinks of that instant.
    pub zone: String,
    /// When it was accepted.
    pub submitted_at: Timestamp,
}

/// What a connector made of a draft for one account: everything looked up and fixed, so that the preview is the post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The connector's own form of the content; nobody else reads it.
    pub content: Value,
    /// How long before its instant it must be prepared, in milliseconds.
    pub lead_ms: i64,
    /// What the author should know.
    pub warnings: Vec<Warning>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_name_opens_no_door() {
        let name = |source: &str| Media::new(source, "").name();
        assert_eq!(
            name("https://me:hunter2@cdn.example:8443/a@b.png?token=secret#x"),
            "https://cdn.example:8443/a@b.png"
        );
        assert_eq!(name("HTTP://me@cdn.example?key=1"), "HTTP://cdn.example");
        assert_eq!(name("/home/me/what?.png"), "/home/me/what?.png");
        assert_eq!(name(&"é".repeat(300)).chars().count(), 200);
    }

    #[test]
    fn a_draft_without_a_layout_is_read_and_written_as_before_there_was_one() {
        let stored = json!({"parts": [{"text": "hi"}], "reply_to": null, "langs": ["en"]});
        let draft: Draft = serde_json::from_value(stored.clone()).unwrap();
        assert!(draft.layout.is_plain());
        assert_eq!(serde_json::to_value(&draft).unwrap(), stored);
    }

    #[test]
    fn a_layout_is_written_in_words() {
        let layout = Layout { format: Format::Markdown, split: Split::Numbered, shorten: true };
        let written = json!({"format": "markdown", "split": "numbered", "shorten": true});
        assert_eq!(serde_json::to_value(layout).unwrap(), written);
        assert_eq!(serde_json::from_value::<Layout>(json!({"split": "parts"})).unwrap().split, Split::Parts);
    }
}
