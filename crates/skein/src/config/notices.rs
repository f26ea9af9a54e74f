//! How people are told what they must know: by e-mail, and by a command.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use skein_notices::{MailSettings, SettingError};

use super::{Variables, wrong};
use crate::exit::Failure;

const URL: &str = "SKEIN_SMTP_URL";
const FROM: &str = "SKEIN_NOTICE_FROM";
const TO: &str = "SKEIN_NOTICE_TO";
const COMMAND: &str = "SKEIN_NOTICE_COMMAND";

/// The doors beside the log.
#[derive(Debug, Clone, Default)]
pub(crate) struct NoticeConfig {
    /// E-mail.
    pub(crate) mail: Option<MailSettings>,
    /// A program.
    pub(crate) command: Option<PathBuf>,
}

impl NoticeConfig {
    pub(super) fn read(variables: &Variables) -> Result<Self, Failure> {
        Ok(Self { mail: mail(variables)?, command: command(variables)? })
    }
}

/// What a setting of the e-mail that cannot be used means to whoever set it.
pub(crate) fn notice_refused(error: &SettingError) -> Failure {
    let name = match error {
        SettingError::Url(_) => URL,
        SettingError::From(_) => FROM,
        SettingError::To(_) => TO,
    };
    wrong(name, error)
}

fn mail(variables: &Variables) -> Result<Option<MailSettings>, Failure> {
    match (variables.text(URL)?, variables.text(FROM)?, variables.text(TO)?) {
        (None, None, None) => Ok(None),
        (Some(url), Some(from), Some(to)) => {
            MailSettings::parse(&url, &from, &to).map(Some).map_err(|error| notice_refused(&error))
        }
        (url, from, _) => {
            let missing = if url.is_none() {
                URL
            } else if from.is_none() {
                FROM
            } else {
                TO
            };
            Err(wrong(missing, format!("it is not set, and {URL}, {FROM} and {TO} belong together")))
        }
    }
}

fn command(variables: &Variables) -> Result<Option<PathBuf>, Failure> {
    let Some(path) = variables.path(COMMAND) else { return Ok(None) };
    if !path.is_absolute() {
        return Err(wrong(COMMAND, "it must be the whole path of one program, without arguments"));
    }
    let about = std::fs::metadata(&path).map_err(|error| wrong(COMMAND, format!("{}: {error}", path.display())))?;
    if !about.is_file() || about.permissions().mode() & 0o111 == 0 {
        return Err(wrong(COMMAND, format!("{} is no program that can be run", path.display())));
    }
    Ok(Some(path))
}
