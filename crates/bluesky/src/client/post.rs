use bytes::Bytes;
use skein_atproto::syntax::AtUri;

use crate::video::VideoEmbed;

/// A post to be. Nothing is checked before it is posted; then everything is, before anything is sent.
///
/// ```
/// use skein_bluesky::client::Post;
///
/// let plain = Post::new("Hello @alice.bsky.social, see https://example.com #rust").langs(["en"]);
/// let markdown = Post::markdown("Click [here](https://bsky.app/) to go to Bluesky");
/// let by_hand = Post::new("Click here to go to Bluesky").facet(6, 10, "https://bsky.app/");
/// let reply = Post::new("π").reply_to("https://bsky.app/profile/bsky.app/post/3l6oveex3ii2l");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Post {
    pub(super) text: String,
    pub(super) markdown: bool,
    pub(super) facets: Vec<LinkFacet>,
    pub(super) reply_to: Option<String>,
    pub(super) quote: Option<String>,
    pub(super) labels: Vec<String>,
    pub(super) answered_by: Option<Vec<MayAnswer>>,
    pub(super) no_quotes: bool,
    pub(super) langs: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) images: Vec<Image>,
    pub(super) pictures: Vec<(String, Image)>,
    pub(super) card: Option<Card>,
    pub(super) video: Option<VideoEmbed>,
}

#[derive(Clone, Debug)]
pub(super) struct LinkFacet {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) uri: String,
}

#[derive(Clone, Debug)]
pub(super) struct Card {
    pub(super) uri: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) thumb: Option<Bytes>,
}

/// A picture, sent as it is: its bytes are neither turned nor made smaller, and what they say besides goes out too, such as where
/// a photo was taken.
#[derive(Clone, Debug)]
pub struct Image {
    /// The file, of up to 2,000,000 bytes.
    pub bytes: Bytes,
    /// Its media type: `image/jpeg`, `image/png` …
    pub mime: String,
    /// What it shows, for who cannot see it.
    pub alt: String,
    /// In pixels, as seen; apps reserve room for it.
    pub width: u32,
    /// In pixels, as seen.
    pub height: u32,
}

/// Who may answer a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MayAnswer {
    /// Whom its first post mentions.
    Mentioned,
    /// Who follows its author.
    Followers,
    /// Whom its author follows.
    Following,
    /// Who is on this list (`app.bsky.graph.list`), which must be there when the post is written.
    Listed(AtUri),
}

impl Post {
    /// A plain text, in which mentions, links and tags are found.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A text in Markdown: links become facets, and a picture `![what it shows](name)` is one given with [`Post::picture`].
    pub fn markdown(text: impl Into<String>) -> Self {
        Self { markdown: true, ..Self::new(text) }
    }

    /// A link on these bytes of the text, the end exclusive. A text with such links is left exactly as it was given, since the
    /// places count; what is found in it stands beside them.
    pub fn facet(mut self, start: usize, end: usize, uri: impl Into<String>) -> Self {
        self.facets.push(LinkFacet { start, end, uri: uri.into() });
        self
    }

    /// What it answers: an at-uri, or the address of a post on bsky.app. Parent and root are found.
    pub fn reply_to(mut self, address: impl Into<String>) -> Self {
        self.reply_to = Some(address.into());
        self
    }

    /// What it quotes, beneath its text and beside its pictures: a post, a feed, a list or a starter pack, by its at-uri or its
    /// address on bsky.app. Its author must let it be quoted.
    pub fn quote(mut self, address: impl Into<String>) -> Self {
        self.quote = Some(address.into());
        self
    }

    /// What its author warns of, up to 10 labels: `sexual`, `nudity`, `porn`, `graphic-media`; `!no-unauthenticated` hides it
    /// from who is not logged in.
    pub fn labels<L: Into<String>>(mut self, labels: impl IntoIterator<Item = L>) -> Self {
        self.labels = labels.into_iter().map(Into::into).collect();
        self
    }

    /// Only these may answer the thread that this post begins; nobody where there are none. A record of its own, written in the
    /// same commit, which costs as much as a post.
    pub fn answered_by(mut self, who: impl IntoIterator<Item = MayAnswer>) -> Self {
        self.answered_by = Some(who.into_iter().collect());
        self
    }

    /// Nobody but its author may quote it. A record of its own, as with [`Post::answered_by`].
    pub fn no_quotes(mut self) -> Self {
        self.no_quotes = true;
        self
    }

    /// The languages of the text, up to 3: `en`, `pt-BR` …
    pub fn langs<L: Into<String>>(mut self, langs: impl IntoIterator<Item = L>) -> Self {
        self.langs = langs.into_iter().map(Into::into).collect();
        self
    }

    /// Hashtags that do not stand in the text, up to 8, without `#`.
    pub fn tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags = tags.into_iter().map(Into::into).collect();
        self
    }

    /// One more picture, up to 10; five and more become a gallery.
    pub fn image(mut self, image: Image) -> Self {
        self.images.push(image);
        self
    }

    /// The picture that the Markdown shows under this name. Its alt text is taken from there, unless it has its own.
    pub fn picture(mut self, name: impl Into<String>, image: Image) -> Self {
        self.pictures.push((name.into(), image));
        self
    }

    /// A link card in your own words, with a JPEG, PNG or WebP of up to 1,000,000 bytes.
    pub fn external(
        mut self,
        uri: impl Into<String>,
        title: impl Into<String>,
        description: impl Into<String>,
        thumb: Option<Bytes>,
    ) -> Self {
        self.card = Some(Card { uri: uri.into(), title: title.into(), description: description.into(), thumb });
        self
    }

    /// A video that the [video service](crate::video::VideoService) has encoded.
    pub fn video(mut self, video: VideoEmbed) -> Self {
        self.video = Some(video);
        self
    }
}
