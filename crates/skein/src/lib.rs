//! Schedule to Bluesky and beyond. On time, never twice, with proof.
