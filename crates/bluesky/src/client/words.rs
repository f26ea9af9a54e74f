//! From what was written to text and facets, and the pictures that stand in the text.

use std::collections::HashMap;

use skein_atproto::record::Facet;
use skein_atproto::richtext::{Detected, Feature, LostLink, Markdown, WhyLost, compose, detect, resolve_mentions};
use skein_atproto::syntax::{Did, Handle, Uri};

use super::Client;
use super::error::{ClientError, PostError};
use super::post::{Image, LinkFacet, Post};

/// A text as it is posted, its mentions still by handle.
pub(super) struct Words {
    pub(super) text: String,
    pub(super) found: Vec<Detected>,
    pub(super) images: Vec<Image>,
    /// What became nothing but words, in words.
    pub(super) warnings: Vec<String>,
}

impl Words {
    pub(super) fn of(post: &Post) -> Result<Self, PostError> {
        if post.markdown {
            return Self::of_markdown(post);
        }
        if let Some((name, _)) = post.pictures.first() {
            return Err(PostError::PictureNotShown { source_name: name.clone() });
        }
        let text = if post.facets.is_empty() { compose(&post.text) } else { post.text.clone() };
        let found = beside(explicit(&text, &post.facets)?, detect(&text));
        Ok(Self { text, found, images: post.images.clone(), warnings: Vec::new() })
    }

    fn of_markdown(post: &Post) -> Result<Self, PostError> {
        if let Some(LinkFacet { start, end, .. }) = post.facets.first() {
            let reason = "in Markdown a link is written [so](https://…); places in the text are for plain texts";
            return Err(PostError::Facet { start: *start, end: *end, reason });
        }
        let Markdown { text, facets, images, lost } = Markdown::read(&post.text);
        let mut shown = post.images.clone();
        for image in &images {
            let given = post.pictures.iter().find(|(name, _)| *name == image.source);
            let (_, picture) = given.ok_or_else(|| PostError::PictureNotGiven { source_name: image.source.clone() })?;
            let alt = if picture.alt.is_empty() { &image.alt } else { &picture.alt };
            shown.push(Image { alt: alt.clone(), ..picture.clone() });
        }
        if let Some((name, _)) = post.pictures.iter().find(|(name, _)| images.iter().all(|image| image.source != *name))
        {
            return Err(PostError::PictureNotShown { source_name: name.clone() });
        }
        Ok(Self { text, found: facets, images: shown, warnings: lost.iter().map(told).collect() })
    }
}

fn told(lost: &LostLink) -> String {
    let target: String = lost.target.chars().take(100).collect();
    match lost.why {
        WhyLost::NoWebAddress => format!("{target:?} is no http or https address, so its words are no link"),
        WhyLost::NoWords => format!("the link to {target:?} has no words, so it is left out"),
        WhyLost::NoPicture => {
            format!("![…]({target}) is text, not a picture: a name with spaces stands between < and >")
        }
    }
}

/// The links that were given by their places, sorted.
fn explicit(text: &str, facets: &[LinkFacet]) -> Result<Vec<Detected>, PostError> {
    let mut links = Vec::with_capacity(facets.len());
    for LinkFacet { start, end, uri } in facets {
        let refuse = |reason| Err(PostError::Facet { start: *start, end: *end, reason });
        if start >= end || text.get(*start..*end).is_none() {
            return refuse(
                "it must lie within the text, counted in bytes, its end after its start, and cut no character",
            );
        }
        if !is_web_address(uri) {
            return refuse("it must lead to an http or https address");
        }
        links.push(Detected { byte_start: *start, byte_end: *end, feature: Feature::Link { uri: uri.clone() } });
    }
    links.sort_by_key(|link| link.byte_start);
    match links.windows(2).find(|pair| pair[1].byte_start < pair[0].byte_end) {
        Some(pair) => {
            let Detected { byte_start: start, byte_end: end, .. } = pair[1];
            Err(PostError::Facet { start, end, reason: "it overlaps another one" })
        }
        None => Ok(links),
    }
}

/// What was given, and what was found outside of it.
fn beside(mut given: Vec<Detected>, found: Vec<Detected>) -> Vec<Detected> {
    let is_free =
        |one: &Detected| given.iter().all(|it| one.byte_end <= it.byte_start || it.byte_end <= one.byte_start);
    let free: Vec<_> = found.into_iter().filter(is_free).collect();
    given.extend(free);
    given.sort_by_key(|one| one.byte_start);
    given
}

pub(super) fn is_web_address(uri: &str) -> bool {
    // What browsers put right, a server that checks the record refuses.
    Uri::parse(uri).is_ok_and(|uri| uri.is_web())
}

impl Client {
    /// Facets with accounts instead of handles. A handle that leads nowhere stays text, with a warning; one that could not be
    /// asked keeps the post back.
    pub(super) async fn resolve(&self, words: &mut Words) -> Result<Vec<Facet>, ClientError> {
        let mut known: HashMap<Handle, Did> = HashMap::new();
        for found in &words.found {
            let Feature::Mention { handle } = &found.feature else { continue };
            let Ok(handle) = Handle::parse(handle) else { continue };
            if known.contains_key(&handle) {
                continue;
            }
            match self.inner.sessions.identities().resolve_handle(&handle, None).await {
                Ok(did) => drop(known.insert(handle, did)),
                Err(error) if error.is_transient() => return Err(ClientError::Identity(error)),
                Err(error) => tracing::info!(handle = handle.as_str(), %error, "a mention stays text"),
            }
        }
        let (facets, unresolved) = resolve_mentions(words.found.clone(), |handle| known.get(handle).cloned());
        let nobody = |handle: String| format!("@{handle} is no account that can be found, so it is no mention");
        words.warnings.extend(unresolved.into_iter().map(nobody));
        Ok(facets)
    }
}
