//! The use cases: submit, move, cancel, hold, read. Every door enters here.
