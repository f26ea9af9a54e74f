//! What Bluesky's composer does to a text: normalize it, find mentions, links and tags in it, count it, shorten links;
//! and what Skein adds: reading Markdown, and cutting a long text into parts.
//!
//! The order is [`compose`] and [`detect`], or [`Markdown::read`] for both; then [`shorten_links`], [`split`] and
//! [`resolve_mentions`]. The 300 graphemes are counted after shortening. Positions are UTF-8 bytes, as the protocol has
//! them. Where this differs from the official detector, and why, is listed in the crate's README.

mod beside;
mod cashtag;
mod chars;
mod compose;
mod detect;
mod graphemes;
mod hostname;
mod link;
mod markdown;
mod mention;
mod newlines;
mod resolve;
mod shorten;
mod split;
mod tag;

pub use compose::compose;
pub use detect::{Detected, Feature, detect};
pub use graphemes::graphemes;
pub use markdown::{Image, LostLink, Markdown, WhyLost};
pub use newlines::clean_newlines;
pub use resolve::resolve_mentions;
pub use shorten::{short_url, shorten_links};
pub use split::{Piece, RichText, Room, split};
