//! Logs, on standard error. They carry no texts of posts and no tokens.

use std::io::{IsTerminal, stderr};
use tracing_subscriber::EnvFilter;

use crate::config::wrong;
use crate::exit::Failure;

/// Begins to log: what `SKEIN_LOG` says, else the default of the command. A panic becomes one line of the log.
pub(crate) fn start(said: Option<&str>, default: &str) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(said.unwrap_or(default)).map_err(|error| wrong("SKEIN_LOG", error))?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        // Telling that a line of the log could not be written would go where the line went, and panic there.
        .log_internal_errors(false)
        .finish();
    // Tests may run several commands in one process; the first one's log serves all.
    tracing::subscriber::set_global_default(subscriber).unwrap_or_default();
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a defect stopped a task; what it worked on is rescued when its lease ends");
    }));
    Ok(())
}
