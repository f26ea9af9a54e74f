//! One folder per platform: what it can do, and how a delivery is prepared, published and witnessed there.

pub mod bluesky;
