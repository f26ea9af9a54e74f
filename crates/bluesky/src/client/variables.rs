//! A client by environment variables, so that no password stands in a program.

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

    fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, ClientError> {
        let public = Environment::default();
        let url = |name, default| match variable(name) {
            None => Ok(default),
            Some(text) => Url::parse(&text).map_err(|error| wrong(name, error)),
        };
        let environment = Environment {
            plc_url: url("SKEIN_PLC_URL", public.plc_url)?,
            appview_url: url("SKEIN_APPVIEW_URL", public.appview_url)?,
            video_url: url("SKEIN_VIDEO_URL", public.video_url)?,
        };
        let allow_private = match variable("SKEIN_ALLOW_PRIVATE").as_deref() {
            None | Some("0") => AllowPrivate::None,
            Some("1") => AllowPrivate::All,
            Some(list) => AllowPrivate::parse(list).map_err(|error| wrong("SKEIN_ALLOW_PRIVATE", error))?,
        };
        let dns = Dns::parse(&variable("SKEIN_DNS").unwrap_or_default()).map_err(|error| wrong("SKEIN_DNS", error))?;
        let extra_ca = variable("SKEIN_EXTRA_CA").map(Into::into);
        let http = Http::new(NetConfig { allow_private, dns, extra_ca, ..NetConfig::default() });
        let http = http.map_err(|error| ClientError::Setup(error.to_string()))?;
        Ok(Self::new().environment(environment).http(http))
    }
}

/// An empty variable counts as not set.
fn process(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn credentials(variable: &dyn Fn(&str) -> Option<String>) -> Result<(String, String), ClientError> {
    let named = CREDENTIALS.into_iter().find_map(|(handle, password)| Some((variable(handle)?, password)));
    let (handle, password) =
        named.ok_or_else(|| wrong("BLUESKY_HANDLE", "it is not set; name the account that is to log in"))?;
    match variable(password) {
        Some(given) => Ok((handle, given)),
        None => Err(wrong(password, "it is not set; give an app password, made in the app's settings")),
    }
}

fn wrong(name: &'static str, reason: impl std::fmt::Display) -> ClientError {
    ClientError::Setting { name, reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(set: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
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
