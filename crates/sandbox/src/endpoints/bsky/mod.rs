//! `app.bsky.*`: the few reads of an `AppView` that show what was written.

pub(super) mod get_author_feed;
pub(super) mod get_post_thread;
pub(super) mod get_posts;
pub(super) mod get_profile;
pub(crate) mod post_views;
