//! `com.atproto.identity.*`.

pub(super) mod resolve_handle;
