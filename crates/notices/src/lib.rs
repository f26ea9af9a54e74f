//! The doors by which notices leave: a line of the log, an e-mail, a command.
//!
//! A door is told what happened in letters (`skein_domain::Letter`) and says what became of each. When it is asked, how often and in
//! which order is decided by the engine.

mod command;
mod log;
mod mail;
mod words;

pub use command::{CommandNotifier, WITHIN_MS as COMMAND_WITHIN_MS};
pub use log::LogNotifier;
pub use mail::{MailNotifier, MailSettings, SettingError};
