//! What Skein is about: posts, schedules, deliveries and their states, receipts, and the ports to the outside.
//!
//! This crate knows no database, no HTTP and no platform, so everything that it decides can be simulated with a seed.

pub mod account;
pub mod card;
pub mod delivery;
pub mod fault;
pub mod gates;
pub mod ids;
pub mod letter;
pub mod named;
pub mod notice;
pub mod outcome;
pub mod policy;
pub mod ports;
pub mod post;
pub mod preview;
pub mod receipt;
pub mod status;
pub mod story;
pub mod video;
pub mod when;

pub use account::{Account, Lane, Platform, Standing};
pub use card::{Attached, Card, CardChoice, GivenCard, MadeCard, MadeCards};
pub use delivery::{Delivery, Event, Review, State, StateName, Stop, Waiting};
pub use fault::{Category, Fault, Warning};
pub use gates::{Gates, ReplyGate};
pub use ids::{AccountId, DeliveryId, PostId, WorkspaceId};
pub use letter::Letter;
pub use named::{Named, PostName};
pub use notice::{News, Notice, NoticeId};
pub use outcome::{Evidence, Finding, Outcome, Prepared, Proof, RecordRef, parts_among};
pub use policy::{GivenPolicy, Leeway, OnFailure, Policy, ShownPolicy};
pub use post::{Draft, Fitted, Format, LANG_AUTO, Layout, Media, NamedCaption, Part, Picture, Post, Resolved, Split};
pub use preview::{
    CaptionPreview, CardPreview, FacetKind, FacetPreview, MediaPreview, PartPreview, Preview, PreviewFault,
    RecordPreview, VideoPreview,
};
pub use receipt::{Receipt, Settled};
pub use status::PostStatus;
pub use video::{Caption, Film, Usable, Video};
