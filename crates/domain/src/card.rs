//! Link cards: the title, description and picture of a page, shown beneath a text.

use serde::{Deserialize, Serialize};

use crate::ports::ContentHash;
use crate::{Fault, Fitted, Picture, Video, Warning};

/// Which card a post gets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardChoice {
    /// Of the first link of each part that shows nothing else.
    #[default]
    FirstLink,
    /// None.
    Never,
    /// The first part: of this page.
    Page(String),
    /// The first part: in these words. Nothing is asked of the page.
    Given(GivenCard),
}

impl CardChoice {
    /// Whether nothing was chosen.
    pub fn is_default(&self) -> bool {
        *self == Self::FirstLink
    }

    /// The address that was chosen for the first part.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::FirstLink | Self::Never => None,
            Self::Page(url) | Self::Given(GivenCard { url, .. }) => Some(url),
        }
    }
}

/// A card in its author's words.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenCard {
    /// Where it leads.
    pub url: String,
    /// Its title.
    pub title: String,
    /// May be empty.
    #[serde(default)]
    pub description: String,
    /// Its picture, named like those of a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

/// A card as it was made; its picture is not kept yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeCard {
    /// Where it leads.
    pub url: String,
    /// Its title.
    pub title: String,
    /// May be empty.
    pub description: String,
    /// Its picture, in the form in which the platform takes it.
    pub thumb: Option<Fitted>,
}

/// The cards of a draft. One that could not be made is missing, and told by a warning: a post is worth more than its card.
#[derive(Debug, Default)]
pub struct MadeCards {
    /// One for each part that is laid out.
    pub of_parts: Vec<Option<MadeCard>>,
    /// What could not be made.
    pub warnings: Vec<Warning>,
    /// What its author named and cannot be used.
    pub faults: Vec<Fault>,
}

/// A card whose picture is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Where it leads.
    pub url: String,
    /// Its title.
    pub title: String,
    /// May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Its picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumb: Option<Picture>,
}

/// What is shown beneath the texts of a draft, part by part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attached {
    /// The pictures of each part.
    pub pictures: Vec<Vec<Picture>>,
    /// The card of each part.
    pub cards: Vec<Option<Card>>,
    /// The video of each part.
    pub videos: Vec<Option<Video>>,
}

impl Attached {
    /// Whether there is a file to upload.
    pub fn has_files(&self) -> bool {
        self.files().next().is_some()
    }

    /// Whether there is a video.
    pub fn has_videos(&self) -> bool {
        self.videos.iter().any(Option::is_some)
    }

    /// Every file that the post needs until it is public.
    pub fn hashes(&self) -> impl Iterator<Item = &ContentHash> {
        self.files().map(|picture| &picture.file).chain(self.videos.iter().flatten().flat_map(Video::files))
    }

    /// Every picture, those of cards too.
    pub fn files(&self) -> impl Iterator<Item = &Picture> {
        let thumbs = self.cards.iter().flatten().filter_map(|card| card.thumb.as_ref());
        self.pictures.iter().flatten().chain(thumbs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_choice_is_written_in_words() {
        let given = GivenCard { url: "https://a.example".to_owned(), title: "A".to_owned(), ..GivenCard::default() };
        for (choice, written) in [
            (CardChoice::FirstLink, json!("first_link")),
            (CardChoice::Never, json!("never")),
            (CardChoice::Page("https://a.example".to_owned()), json!({"page": "https://a.example"})),
            (CardChoice::Given(given), json!({"given": {"url": "https://a.example", "title": "A", "description": ""}})),
        ] {
            assert_eq!(serde_json::to_value(&choice).unwrap(), written);
            assert_eq!(serde_json::from_value::<CardChoice>(written).unwrap(), choice);
        }
    }
}
