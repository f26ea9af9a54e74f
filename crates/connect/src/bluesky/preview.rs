//! What a draft becomes, before anything is kept: made by the same functions that make the post.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use skein_atproto::record::{Facet, FacetFeature, Post};
use skein_atproto::richtext::{self, Detected, Feature};
use skein_atproto::syntax::Handle;
use skein_domain::ports::Stamp;
use skein_domain::{
    Account, CaptionPreview, Card, CardPreview, Draft, FacetKind, FacetPreview, Fault, MediaPreview, PartPreview,
    Picture, Preview, PreviewFault, RecordPreview, Video, VideoPreview, Warning,
};

use super::capabilities::MAX_MENTIONS;
use super::check::{alt_warnings, check, check_mentions};
use super::content::{Content, PartContent};
use super::langs::of_draft;
use super::layout::{LaidOut, LaidPart, lay_out};
use super::prepare::freeze;
use super::resolve::{mentioned, plain_mention};
use super::unreadable;

/// What can be shown of a draft without asking anybody. Takes time in proportion to the length of its texts.
pub fn preview(draft: &Draft) -> Preview {
    let LaidOut { parts: laid, mut warnings } = lay_out(draft);
    let mut faults: Vec<PreviewFault> = check(draft, &laid).into_iter().map(Into::into).collect();
    faults.extend(too_many_mentions(&laid).map(Into::into));
    let (_, not_guessed) = of_draft(draft, &laid);
    let mut of_media = Vec::new();
    let mut parts = Vec::with_capacity(laid.len());
    for (index, LaidPart { text, graphemes, detected, media }) in laid.into_iter().enumerate() {
        let facets = detected.into_iter().filter_map(|found| unresolved(index, found, &mut warnings)).collect();
        parts.push(PartPreview {
            graphemes,
            bytes: text.len(),
            text,
            facets,
            media: Vec::new(),
            card: None,
            video: None,
        });
        if !media.is_empty() {
            of_media.push(not_opened(index));
            of_media.extend(alt_warnings(index, &media));
        }
    }
    warnings.extend(of_media);
    warnings.extend(not_guessed);
    Preview { parts, records: None, faults, warnings }
}

/// The parts of resolved content.
pub(crate) fn parts(content: Content) -> Vec<PartPreview> {
    let part = |PartContent { text, facets, pictures, card, video }: PartContent| PartPreview {
        graphemes: richtext::graphemes(&text),
        bytes: text.len(),
        text,
        facets: facets.into_iter().filter_map(resolved).collect(),
        media: pictures.into_iter().map(shown).collect(),
        card: card.map(shown_card),
        video: video.map(shown_video),
    };
    content.parts.into_iter().map(part).collect()
}

fn shown(Picture { mime, bytes, width, height, alt, .. }: Picture) -> MediaPreview {
    MediaPreview { mime, bytes, width, height, alt }
}

fn shown_video(Video { bytes, film, alt, captions, .. }: Video) -> VideoPreview {
    VideoPreview {
        mime: film.mime,
        bytes,
        width: film.shape.map(|(width, _)| width),
        height: film.shape.map(|(_, height)| height),
        duration_ms: film.duration_ms,
        presentation: if film.is_gif { "gif" } else { "default" },
        alt,
        captions: captions
            .into_iter()
            .map(|caption| CaptionPreview { lang: caption.lang, bytes: caption.bytes })
            .collect(),
    }
}

fn shown_card(Card { url, title, description, thumb }: Card) -> CardPreview {
    CardPreview { url, title, description, thumb: thumb.map(shown) }
}

fn not_opened(part: usize) -> Warning {
    let message = format!("The pictures or the video of part {} were not opened: nothing is fitted offline.", part + 1);
    Warning::new("pictures_not_opened", format!("parts[{part}].media"), message)
}

/// The records that freezing makes at the due instant, read from the frozen bytes.
pub(crate) fn records(account: &Account, content: &Content, due: Timestamp) -> Result<Vec<RecordPreview>, Fault> {
    let first_created_at = Timestamp::from_millisecond(due.as_millisecond()).unwrap_or(due);
    let prepared = freeze(account, content, Stamp { first_created_at, clock_id: 0, frozen_at: due }, None)?;
    let body: Body = serde_json::from_str(&prepared.body).map_err(|error| unreadable("request", error))?;
    let record = |(index, write): (usize, Write)| RecordPreview {
        account: account.handle.clone(),
        not_fixed: not_fixed(index, &write, content.reply.is_some()),
        collection: write.collection,
        value: write.value,
    };
    Ok(body.writes.into_iter().enumerate().map(record).collect())
}

#[derive(Deserialize)]
struct Body {
    writes: Vec<Write>,
}

#[derive(Deserialize)]
struct Write {
    collection: String,
    value: Value,
}

/// What follows from the instant that is allotted when the post is prepared: the time, and with it the addresses and hashes
/// of the parts before. The root of a thread that answers somebody is theirs, and fixed. A gate names the post that it is for.
/// A video is what the service makes of it.
fn not_fixed(index: usize, write: &Write, answers: bool) -> Vec<String> {
    let mut pointers = vec!["/createdAt"];
    if write.collection != Post::NSID {
        pointers.push("/post");
    } else if index > 0 {
        if !answers {
            pointers.extend(["/reply/root/uri", "/reply/root/cid"]);
        }
        pointers.extend(["/reply/parent/uri", "/reply/parent/cid"]);
    }
    pointers.extend(["/embed/video", "/embed/media/video"].into_iter().filter(|at| write.value.pointer(at).is_some()));
    pointers.into_iter().map(str::to_owned).collect()
}

/// Different accounts are counted only where there are many mentions at all.
fn too_many_mentions(laid: &[LaidPart]) -> Option<Fault> {
    let is_mention = |found: &&Detected| matches!(found.feature, Feature::Mention { .. });
    let mentions = laid.iter().flat_map(|part| &part.detected).filter(is_mention).count();
    (mentions > MAX_MENTIONS).then(|| check_mentions(mentioned(laid).len())).flatten()
}

/// A facet as it was detected; what is no handle stays plain text, whoever is asked.
fn unresolved(part: usize, found: Detected, warnings: &mut Vec<Warning>) -> Option<FacetPreview> {
    let (kind, value) = match found.feature {
        Feature::Link { uri } => (FacetKind::Link, uri),
        Feature::Tag { tag } => (FacetKind::Tag, tag),
        Feature::Mention { handle } if Handle::parse(&handle).is_err() => {
            let warning = plain_mention(part, &handle);
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
            return None;
        }
        Feature::Mention { handle } => (FacetKind::Mention, handle),
    };
    Some(FacetPreview { byte_start: found.byte_start, byte_end: found.byte_end, kind, value })
}

/// A facet of a record; Skein writes one feature each.
fn resolved(facet: Facet) -> Option<FacetPreview> {
    let (kind, value) = match facet.features.into_iter().next()? {
        FacetFeature::Link { uri } => (FacetKind::Link, uri),
        FacetFeature::Tag { tag } => (FacetKind::Tag, tag),
        FacetFeature::Mention { did } => (FacetKind::Mention, did.as_str().to_owned()),
        FacetFeature::Other(_) => return None,
    };
    let index = facet.index;
    Some(FacetPreview { byte_start: index.byte_start, byte_end: index.byte_end, kind, value })
}

#[cfg(test)]
mod tests;
