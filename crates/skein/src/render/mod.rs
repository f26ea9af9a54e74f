//! Words and layout for people. Every function here turns data into lines; nothing here reads or writes anything.

pub(crate) mod calls;
pub(crate) mod faults;
pub(crate) mod limits;
pub(crate) mod notices;
pub(crate) mod outcome;
pub(crate) mod part;
pub(crate) mod preview;
pub(crate) mod proof;
pub(crate) mod queue;
pub(crate) mod reads;
pub(crate) mod receipt;
pub(crate) mod story;
pub(crate) mod times;

#[cfg(test)]
pub(crate) mod samples;
