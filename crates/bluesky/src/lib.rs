//! A Bluesky client that remembers: sessions, identity, repository writes.
