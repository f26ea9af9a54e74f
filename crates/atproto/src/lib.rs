//! The AT Protocol, pure: syntax, rich text, records and their CIDs. No I/O, no clock.
