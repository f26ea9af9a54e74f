//! What Bluesky's composer does to a text.
