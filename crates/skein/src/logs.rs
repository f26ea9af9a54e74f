//! Logs, on standard error. They carry no texts of posts and no tokens.

use std::io::{IsTerminal, stderr};
use tracing::subscriber::set_global_default;
use tracing_subscriber::EnvFilter;

use crate::config::{Variables, wrong};
use crate::exit::Failure;

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// For people.
    Text,
    /// One object a line, for programs: the fields of the event, and those of the span that it happened in under `span`.
    Json,
}

impl Form {
    fn read(said: Option<&str>) -> Result<Self, Failure> {
        match said {
            None | Some("text") => Ok(Self::Text),
            Some("json") => Ok(Self::Json),
            Some(other) => Err(wrong("SKEIN_LOG_FORMAT", format!("it must be `text` or `json`, and is `{other}`"))),
        }
    }
}

/// Begins to log: what `SKEIN_LOG` says, else the default of the command, in the form of `SKEIN_LOG_FORMAT`. A panic becomes one
/// line of the log.
pub(crate) fn start(variables: &Variables, default: &str) -> Result<(), Failure> {
    let said = variables.text("SKEIN_LOG")?;
    let form = Form::read(variables.text("SKEIN_LOG_FORMAT")?.as_deref())?;
    let filter = EnvFilter::try_new(said.as_deref().unwrap_or(default)).map_err(|error| wrong("SKEIN_LOG", error))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        // Telling that a line of the log could not be written would go where the line went, and panic there.
        .log_internal_errors(false);
    // Tests may run several commands in one process; the first one's log serves all.
    let set = match form {
        Form::Text => set_global_default(log.with_ansi(stderr().is_terminal()).finish()),
        Form::Json => set_global_default(log.json().flatten_event(true).with_span_list(false).finish()),
    };
    set.unwrap_or_default();
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a defect stopped a task; what it worked on is rescued when its lease ends");
    }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_that_is_not_known_is_refused() {
        assert_eq!(Form::read(None), Ok(Form::Text));
        assert_eq!(Form::read(Some("json")), Ok(Form::Json));
        let refused = Form::read(Some("JSON")).unwrap_err();
        assert!(refused.faults[0].message.contains("SKEIN_LOG_FORMAT cannot be used"), "{refused:?}");
    }
}
