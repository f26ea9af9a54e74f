//! A client by environment variables, so that no password stands in a program.

use std::env::VarError;

use skein_net::{AllowPrivate, Dns, Http, NetConfig};
use url::Url;

use super::Client;
use super::builder::Builder;
use super::error::ClientError;
use crate::environment::Environment;

/// Pairs of variables for handle and app password; the first pair whose handle is set counts.
const CREDENTIALS: [(&str, &str); 3] = [
    ("SKEIN_HANDLE", "SKEIN_PASSWORD"),
    ("BSKY_AUTH_USERNAME", "BSKY_AUTH_PASSWORD"),
    ("BLUESKY_HANDLE", "BLUESKY_PASSWORD"),
];

/// A variable's text, `None` where it is not set.
type Variable<'a> = &'a dyn Fn(&'static str) -> Result<Option<String>, ClientError>;

impl Client {
    /// The client of the account that the environment names, on the network that it names: [`Builder::from_env`] and
    /// [`Builder::login_from_env`]. What it remembers lasts as long as it does.
    ///
    /// # Errors
    /// As these two.
    pub async fn from_env() -> Result<Self, ClientError> {
        Builder::from_env()?.login_from_env().await
    }
}

impl Builder {
    /// A builder for the network that the environment names, as for the program `skein`: `SKEIN_PLC_URL`, `SKEIN_APPVIEW_URL`,
    /// `SKEIN_VIDEO_URL`, `SKEIN_DNS`, `SKEIN_ALLOW_PRIVATE`, `SKEIN_EXTRA_CA`; the public network where they are not set.
    ///
    /// # Errors
    /// [`ClientError::Setting`] for a variable that cannot be used.
    pub fn from_env() -> Result<Self, ClientError> {
        Self::from_variables(&process)
    }

    /// The client of the account that the environment names: `SKEIN_HANDLE` and `SKEIN_PASSWORD` (an app password), else
    /// `BSKY_AUTH_USERNAME` and `BSKY_AUTH_PASSWORD`, else `BLUESKY_HANDLE` and `BLUESKY_PASSWORD`.
    ///
    /// # Errors
    /// [`ClientError::Setting`] for a variable that is missing; otherwise as [`Builder::login`].
    pub async fn login_from_env(self) -> Result<Client, ClientError> {
        let (handle, password) = credentials(&process)?;
        self.login(&handle, password).await
    }

    fn from_variables(variable: Variable<'_>) -> Result<Self, ClientError> {
        let public = Environment::default();
        let url = |name, default| match variable(name)? {
            None => Ok(default),
            Some(text) => service_url(name, &text),
        };
        let environment = Environment {
            plc_url: url("SKEIN_PLC_URL", public.plc_url)?,
            appview_url: url("SKEIN_APPVIEW_URL", public.appview_url)?,
            video_url: url("SKEIN_VIDEO_URL", public.video_url)?,
        };
        let allow_private = match variable("SKEIN_ALLOW_PRIVATE")?.as_deref() {
            None | Some("0") => AllowPrivate::None,
            Some("1") => AllowPrivate::All,
            Some(list) => AllowPrivate::parse(list).map_err(|error| wrong("SKEIN_ALLOW_PRIVATE", error))?,
        };
        let dns = Dns::parse(&variable("SKEIN_DNS")?.unwrap_or_default());
        let dns = dns.map_err(|error| wrong("SKEIN_DNS", error))?;
        let extra_ca = variable("SKEIN_EXTRA_CA")?.map(Into::into);
        let http = Http::new(NetConfig { allow_private, dns, extra_ca, ..NetConfig::default() });
        let http = http.map_err(|error| ClientError::Setup(error.to_string()))?;
        Ok(Self::new().environment(environment).http(http))
    }
}

fn process(name: &'static str) -> Result<Option<String>, ClientError> {
    text(name, std::env::var(name))
}

/// An empty variable counts as not set; one that is no text is not passed over, or another setting would be used unnoticed.
fn text(name: &'static str, value: Result<String, VarError>) -> Result<Option<String>, ClientError> {
    match value {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(wrong(name, "it is not UTF-8 text")),
    }
}

/// As the program `skein` takes it.
fn service_url(name: &'static str, text: &str) -> Result<Url, ClientError> {
    let url = Url::parse(text).map_err(|error| wrong(name, error))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong(name, "it must begin with https:// or http:// and name a host"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(wrong(name, "it may have neither user, password nor query"));
    }
    Ok(url)
}

fn credentials(variable: Variable<'_>) -> Result<(String, String), ClientError> {
    for (handle, password) in CREDENTIALS {
        let Some(handle) = variable(handle)? else { continue };
        return match variable(password)? {
            Some(given) => Ok((handle, given)),
            None => Err(wrong(password, "it is not set; give an app password, made in the app's settings")),
        };
    }
    Err(wrong("BLUESKY_HANDLE", "it is not set; name the account that is to log in"))
}

fn wrong(name: &'static str, reason: impl std::fmt::Display) -> ClientError {
    ClientError::Setting { name, reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(set: &'a [(&'a str, &'a str)]) -> impl Fn(&'static str) -> Result<Option<String>, ClientError> + 'a {
        |name| Ok(set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn a_variable_that_is_no_text_is_an_error_and_an_empty_one_is_not_set() {
        let not_utf8: std::ffi::OsString = std::os::unix::ffi::OsStringExt::from_vec(vec![0xff, b's']);
        let error = text("SKEIN_DNS", Err(VarError::NotUnicode(not_utf8))).unwrap_err().to_string();
        assert_eq!(error, "SKEIN_DNS: it is not UTF-8 text");
        assert_eq!(text("SKEIN_DNS", Ok(String::new())).unwrap(), None);
        assert_eq!(text("SKEIN_DNS", Err(VarError::NotPresent)).unwrap(), None);
        assert_eq!(text("SKEIN_DNS", Ok("off".to_owned())).unwrap().as_deref(), Some("off"));
    }

    #[test]
    fn addresses_of_services_are_those_that_the_program_takes() {
        for name in ["SKEIN_PLC_URL", "SKEIN_APPVIEW_URL", "SKEIN_VIDEO_URL"] {
            let tried = |value| Builder::from_variables(&of(&[(name, value), ("SKEIN_DNS", "off")])).map(drop);
            for value in ["https://plc.example", "http://127.0.0.1:2582/"] {
                tried(value).unwrap();
            }
            for value in [
                "ftp://plc.example",
                "data:x",
                "https://me@plc.example",
                "https://me:pw@plc.example",
                "https://plc.example/?x",
            ] {
                let error = tried(value).unwrap_err().to_string();
                assert!(error.starts_with(name) && !error.contains("pw"), "{error}");
            }
        }
    }

    #[test]
    fn the_first_pair_that_names_an_account_counts() {
        let both = [
            ("BLUESKY_HANDLE", "b"),
            ("BLUESKY_PASSWORD", "2"),
            ("BSKY_AUTH_USERNAME", "a"),
            ("BSKY_AUTH_PASSWORD", "1"),
        ];
        assert_eq!(credentials(&of(&both)).unwrap(), ("a".to_owned(), "1".to_owned()));
        assert_eq!(credentials(&of(&both[..2])).unwrap(), ("b".to_owned(), "2".to_owned()));
        for (set, named) in [(&both[1..2], "BLUESKY_HANDLE"), (&both[2..3], "BSKY_AUTH_PASSWORD")] {
            let error = credentials(&of(set)).unwrap_err().to_string();
            assert!(error.starts_with(named) && !error.contains('2'), "{error}");
        }
    }

    #[test]
    fn a_setting_that_cannot_be_used_is_named() {
        assert!(Builder::from_variables(&of(&[("SKEIN_ALLOW_PRIVATE", "localhost:1"), ("SKEIN_DNS", "off")])).is_ok());
        for (name, value) in [("SKEIN_PLC_URL", "here"), ("SKEIN_DNS", "perhaps"), ("SKEIN_ALLOW_PRIVATE", "a:b:c")] {
            let error = Builder::from_variables(&of(&[(name, value)])).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }
}
