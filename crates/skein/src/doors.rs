//! The doors by which this process tells people what they must know.

use std::sync::Arc;

use skein_domain::ports::Notifier;
use skein_notices::{COMMAND_WITHIN_MS, CommandNotifier, LogNotifier, MailNotifier};

use crate::config::{Config, notice_refused, wrong};
use crate::exit::Failure;

/// All doors that are set; the log always is one.
pub(crate) fn open(config: &Config) -> Result<Vec<Arc<dyn Notifier>>, Failure> {
    let mut doors: Vec<Arc<dyn Notifier>> = vec![Arc::new(LogNotifier)];
    if let Some(mail) = &config.notices.mail {
        let extra_ca = config.network.net.extra_ca.as_deref().map(std::fs::read).transpose();
        let extra_ca = extra_ca.map_err(|error| wrong("SKEIN_EXTRA_CA", error))?;
        let mail = MailNotifier::new(mail.clone(), &hello(), extra_ca.as_deref());
        doors.push(Arc::new(mail.map_err(|error| notice_refused(&error))?));
    }
    if let Some(command) = &config.notices.command {
        doors.push(Arc::new(CommandNotifier::new(command, COMMAND_WITHIN_MS)));
    }
    Ok(doors)
}

/// The name of this machine as mail servers are told; what is no name of a host would be refused.
fn hello() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    if is_name { name } else { "localhost".to_owned() }
}
