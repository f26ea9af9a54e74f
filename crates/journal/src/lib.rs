//! The Bluesky client's memory kept in Skein's store.
