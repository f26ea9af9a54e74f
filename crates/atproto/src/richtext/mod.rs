//! What Bluesky's composer does to a text: normalize it, find mentions, links and tags in it, count it, shorten links.
//!
//! The order is [`compose`], [`detect`], [`shorten_links`], [`resolve_mentions`]; the 300 graphemes are counted after
//! shortening. Positions are UTF-8 bytes, as the protocol has them. Where this differs from the official detector, and
//! why, is listed in the crate's README.

mod cashtag;
mod chars;
mod compose;
mod detect;
mod graphemes;
mod hostname;
mod link;
mod mention;
mod newlines;
mod resolve;
mod shorten;
mod tag;

pub use compose::compose;
pub use detect::{Detected, Feature, detect};
pub use graphemes::graphemes;
pub use newlines::clean_newlines;
pub use resolve::resolve_mentions;
pub use shorten::{short_url, shorten_links};
