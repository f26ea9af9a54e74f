//! Everything that can be set from outside: environment variables, paths, defaults. One table names every variable.

mod media;
mod network;
mod notices;
mod paths;

pub(crate) use network::{NetworkConfig, network};
pub(crate) use notices::{NoticeConfig, notice_refused};
pub(crate) use paths::{Paths, data_folder, make_private_folder, sandbox_folder};

use jiff::tz::TimeZone;
use secrecy::SecretString;
use skein_bluesky::budget::{Ceiling, Limit};
use skein_bluesky::calls::RECORD_POINTS;
use skein_domain::{Category, Fault};
use std::ffi::OsString;
use std::path::PathBuf;

use crate::bucket::Bucket;
use crate::cli::Global;
use crate::exit::{Exit, Failure, NOTHING_CHANGED};
use crate::sandbox_file::SandboxFile;

/// An environment variable, as the guide lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Variable {
    /// Its name.
    pub(crate) name: &'static str,
    /// What holds when it is not set.
    pub(crate) default: &'static str,
    /// What it means.
    pub(crate) meaning: &'static str,
}

const fn variable(name: &'static str, default: &'static str, meaning: &'static str) -> Variable {
    Variable { name, default, meaning }
}

/// Every variable that Skein reads. `docs/configuration.md` has the same table; a test compares them.
pub(crate) const VARIABLES: &[Variable] = &[
    variable(
        "SKEIN_DATA",
        "`$XDG_DATA_HOME/skein`, else `~/.local/share/skein`",
        "The data folder. `--data` goes first.",
    ),
    variable(
        "SKEIN_DATABASE_URL",
        "`sqlite:skein.db` in the data folder",
        "The database: `sqlite:PATH`, taken from the data folder unless it is absolute, or `postgres://USER:PASSWORD@HOST/DATABASE`. `--database` goes first.",
    ),
    variable(
        "SKEIN_MASTER_KEY",
        "the file `master.key` in the data folder, made at first start",
        "The key that encrypts stored secrets: 32 bytes in base64. When it is set, no key file is made.",
    ),
    variable(
        "SKEIN_MEDIA_URL",
        "the folder `media` in the data folder",
        "Where pictures and videos are kept until they are out: `s3://BUCKET/PREFIX`, for workers on several machines.",
    ),
    variable("AWS_ACCESS_KEY_ID", "none", "The name of the key to the bucket of `SKEIN_MEDIA_URL`."),
    variable("AWS_SECRET_ACCESS_KEY", "none", "The key to that bucket."),
    variable("AWS_SESSION_TOKEN", "none", "What belongs to a key that is valid for a while only."),
    variable("AWS_REGION", "`us-east-1`", "The region of that bucket."),
    variable("AWS_DEFAULT_REGION", "`us-east-1`", "Read when `AWS_REGION` is not set."),
    variable(
        "AWS_ENDPOINT_URL",
        "Amazon's, of the region",
        "The address of another store that speaks S3. Plain http only where `SKEIN_ALLOW_PRIVATE` allows it.",
    ),
    variable("SKEIN_HANDLE", "none", "The account that `skein post` connects by itself when none is connected."),
    variable("SKEIN_PASSWORD", "none", "The app password for `skein login`, and for `SKEIN_HANDLE`. Never stored."),
    variable("BSKY_AUTH_USERNAME", "none", "Read when `SKEIN_HANDLE` is not set."),
    variable("BSKY_AUTH_PASSWORD", "none", "Read with `BSKY_AUTH_USERNAME`."),
    variable("BLUESKY_HANDLE", "none", "Read when neither `SKEIN_HANDLE` nor `BSKY_AUTH_USERNAME` is set."),
    variable("BLUESKY_PASSWORD", "none", "Read with `BLUESKY_HANDLE`."),
    variable("SKEIN_PLC_URL", "`https://plc.directory`", "The directory of `did:plc` identities."),
    variable(
        "SKEIN_APPVIEW_URL",
        "`https://public.api.bsky.app`",
        "Where handles are looked up that DNS and HTTPS do not know.",
    ),
    variable("SKEIN_VIDEO_URL", "`https://video.bsky.app`", "The service that encodes videos."),
    variable("SKEIN_DNS", "`system`", "Who answers DNS questions: `system`, a server as `ip:port`, or `off`."),
    variable("SKEIN_EXTRA_CA", "none", "A PEM file with certificate authorities to trust besides the system's."),
    variable(
        "SKEIN_ALLOW_PRIVATE",
        "none",
        "Private addresses that may be asked, also with plain http: a list of `host:port`, or `1` for all.",
    ),
    variable(
        "SKEIN_LOG",
        "`info` for `serve` and `work`, else nothing",
        "What is logged to standard error, such as `debug` or `skein_engine=debug`.",
    ),
    variable("SKEIN_LOG_FORMAT", "`text`", "How it is logged: `text`, or `json` for one object a line."),
    variable(
        "SKEIN_LISTEN",
        "`127.0.0.1:7534` for `serve`, `off` for `work`",
        "Where `serve` and `work` answer `/healthz`, `/readyz` and `/metrics`: `IP:PORT`, or `off`. Port 0 is a free one. `--listen` goes first.",
    ),
    variable(
        "SKEIN_LEASE_MS",
        "`15000`",
        "How long a worker keeps an account for itself without a sign of life, in milliseconds: 1000 to 600000.",
    ),
    variable(
        "SKEIN_POINTS_PER_HOUR",
        "the server's limit alone",
        "The most points that an account may write in an hour: 3 to 5000; a post or a part costs 3.",
    ),
    variable("SKEIN_POINTS_PER_DAY", "the server's limit alone", "The same for a day: 3 to 35000."),
    variable(
        "SKEIN_SMTP_URL",
        "none",
        "The server that takes notices by e-mail: `smtps://USER:PASSWORD@HOST`, `smtp://USER:PASSWORD@HOST:587?tls=required`, or `smtp://HOST` without a password.",
    ),
    variable("SKEIN_NOTICE_FROM", "none", "The sender of these e-mails, such as `Skein <skein@example.com>`."),
    variable("SKEIN_NOTICE_TO", "none", "Who gets them: 1 to 20 addresses with commas between them."),
    variable(
        "SKEIN_NOTICE_COMMAND",
        "none",
        "A program that is run for each notice, by its whole path and without arguments; the notice is JSON on its standard input.",
    ),
    variable("TZ", "the system's zone", "The time zone of times without one, and of times that are shown."),
    variable("NO_COLOR", "none", "When it is set, nothing is coloured."),
    variable("XDG_DATA_HOME", "`~/.local/share`", "Where the data folder lies when `SKEIN_DATA` is not set."),
    variable("HOME", "none", "Where `~` is."),
];

const LEASE_DEFAULT_MS: i64 = 15_000;
const LEASE_LEAST_MS: i64 = 1_000;
const LEASE_MOST_MS: i64 = 600_000;
/// The longest part of a setting that is repeated to whoever set it.
const GIVEN_MAX_CHARS: usize = 40;

/// The environment, as a parameter.
pub(crate) struct Variables(Lookup);

type Lookup = Box<dyn Fn(&str) -> Option<OsString> + Send + Sync>;

impl Variables {
    /// The environment of this process.
    pub(crate) fn of_process() -> Self {
        Self(Box::new(|name| std::env::var_os(name)))
    }

    /// A given environment, for tests.
    #[cfg(test)]
    pub(crate) fn given(pairs: &[(&str, &str)]) -> Self {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self(Box::new(move |name| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.into())))
    }

    /// A variable, when it is set and not empty.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<String>, Failure> {
        debug_assert!(VARIABLES.iter().any(|known| known.name == name), "{name} is missing in the table");
        match (self.0)(name).filter(|value| !value.is_empty()).map(OsString::into_string) {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(text)),
            Some(Err(_)) => Err(wrong(name, "it is not UTF-8")),
        }
    }

    /// A path, when it is set and not empty.
    pub(crate) fn path(&self, name: &'static str) -> Option<PathBuf> {
        debug_assert!(VARIABLES.iter().any(|known| known.name == name), "{name} is missing in the table");
        (self.0)(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }
}

/// A setting that cannot be used.
pub(crate) fn wrong(name: &str, why: impl std::fmt::Display) -> Failure {
    let fault = Fault::new("setting_invalid", Category::UserContent, format!("{name} cannot be used: {why}."));
    Failure::new(Exit::Usage, fault, NOTHING_CHANGED)
}

/// Where the master key comes from.
#[derive(Debug, Clone)]
pub(crate) enum KeySource {
    /// The variable `SKEIN_MASTER_KEY`, in base64.
    Variable(SecretString),
    /// A file, made when it is missing.
    File(PathBuf),
}

/// A handle with its password, from the environment.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    /// The handle or DID.
    pub(crate) handle: String,
    /// The app password.
    pub(crate) password: SecretString,
}

/// Everything that was set.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// Files and folders.
    pub(crate) paths: Paths,
    /// Where the master key comes from.
    pub(crate) key: KeySource,
    /// The bucket that media files are kept in; `None` for the folder. Never in the sandbox.
    pub(crate) bucket: Option<Bucket>,
    /// How requests leave this machine, and to which network.
    pub(crate) network: NetworkConfig,
    /// An account to connect when there is none. Never in the sandbox, which is another network.
    pub(crate) credentials: Option<Credentials>,
    /// The password for `skein login`.
    pub(crate) password: Option<SecretString>,
    /// The running sandbox, with `--sandbox`.
    pub(crate) sandbox: Option<SandboxFile>,
    /// How people are told what they must know. Nothing leaves the sandbox.
    pub(crate) notices: NoticeConfig,
    /// How long a lease holds, in milliseconds.
    pub(crate) lease_ms: i64,
    /// How much accounts may write, below what their servers allow. Unbounded in the sandbox.
    pub(crate) ceiling: Ceiling,
    /// The zone of times without one.
    pub(crate) zone: TimeZone,
}

impl Config {
    /// Reads all settings. With `--sandbox`, the database, key and network of the running demo go before the environment.
    pub(crate) fn read(global: &Global, variables: &Variables) -> Result<Self, Failure> {
        let data = data_folder(global.data.as_deref(), variables)?;
        if global.sandbox && global.database.is_some() {
            return Err(wrong("--database", "the sandbox has its own database; leave out --sandbox or --database"));
        }
        let sandbox = if global.sandbox { Some(SandboxFile::of_running_demo(&data)?) } else { None };
        Self::of_folder(&data, sandbox, global.database.as_deref(), variables)
    }

    /// The settings of a data folder, or of the sandbox that belongs to it.
    pub(crate) fn with_sandbox(
        data: &std::path::Path,
        sandbox: Option<SandboxFile>,
        variables: &Variables,
    ) -> Result<Self, Failure> {
        Self::of_folder(data, sandbox, None, variables)
    }

    fn of_folder(
        data: &std::path::Path,
        sandbox: Option<SandboxFile>,
        database: Option<&str>,
        variables: &Variables,
    ) -> Result<Self, Failure> {
        let inside = sandbox.is_some();
        let paths = if inside { Paths::of_sandbox(data) } else { Paths::read(data, database, variables)? };
        let key = match variables.text("SKEIN_MASTER_KEY")? {
            Some(key) if !inside => KeySource::Variable(key.into()),
            _ => KeySource::File(paths.key_file.clone()),
        };
        Ok(Self {
            key,
            bucket: if inside { None } else { media::bucket(variables)? },
            network: network(sandbox.as_ref(), variables)?,
            credentials: if inside { None } else { credentials(variables)? },
            password: variables.text("SKEIN_PASSWORD")?.map(SecretString::from),
            notices: if inside { NoticeConfig::default() } else { NoticeConfig::read(variables)? },
            lease_ms: lease_ms(variables)?,
            ceiling: if inside { Ceiling::default() } else { ceiling(variables)? },
            zone: zone(variables)?,
            paths,
            sandbox,
        })
    }
}

fn credentials(variables: &Variables) -> Result<Option<Credentials>, Failure> {
    let names = [
        ("SKEIN_HANDLE", "SKEIN_PASSWORD"),
        ("BSKY_AUTH_USERNAME", "BSKY_AUTH_PASSWORD"),
        ("BLUESKY_HANDLE", "BLUESKY_PASSWORD"),
    ];
    for (handle, password) in names {
        let Some(handle) = variables.text(handle)? else { continue };
        // The first handle that is set is the one that is meant; without its password no other account speaks for it.
        return Ok(variables.text(password)?.map(|password| Credentials { handle, password: password.into() }));
    }
    Ok(None)
}

fn lease_ms(variables: &Variables) -> Result<i64, Failure> {
    let Some(text) = variables.text("SKEIN_LEASE_MS")? else { return Ok(LEASE_DEFAULT_MS) };
    text.parse()
        .ok()
        .filter(|ms| (LEASE_LEAST_MS..=LEASE_MOST_MS).contains(ms))
        .ok_or_else(|| wrong("SKEIN_LEASE_MS", format!("it must be a number from {LEASE_LEAST_MS} to {LEASE_MOST_MS}")))
}

fn ceiling(variables: &Variables) -> Result<Ceiling, Failure> {
    // A ceiling below what one record costs lets nothing out.
    let least = u64::from(RECORD_POINTS);
    let points = |name: &'static str, Limit { points: most, .. }: Limit| {
        let Some(text) = variables.text(name)? else { return Ok(None) };
        let read = text.parse().ok().filter(|points| (least..=most).contains(points));
        let why = || format!("it must be a number of points from {least} to {most}, and it is `{}`", short(&text));
        read.map(Some).ok_or_else(|| wrong(name, why()))
    };
    Ok(Ceiling {
        points_per_hour: points("SKEIN_POINTS_PER_HOUR", Limit::WRITES_AN_HOUR)?,
        points_per_day: points("SKEIN_POINTS_PER_DAY", Limit::WRITES_A_DAY)?,
    })
}

fn short(given: &str) -> String {
    given.chars().take(GIVEN_MAX_CHARS).collect()
}

/// The zone of `TZ` where it is a name, else that of the system; UTC when neither is known.
pub(crate) fn zone(variables: &Variables) -> Result<TimeZone, Failure> {
    match variables.text("TZ")? {
        Some(name) => match skein_domain::when::parse_zone(name.trim_start_matches(':')) {
            Ok(zone) => Ok(zone),
            Err(_) if name.starts_with([':', '/']) || name.contains(',') => Ok(system_zone()),
            Err(fault) => Err(wrong("TZ", fault.to_string().trim_end_matches('.'))),
        },
        None => Ok(system_zone()),
    }
}

fn system_zone() -> TimeZone {
    TimeZone::try_system().ok().filter(|zone| !zone.is_unknown()).unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests;
