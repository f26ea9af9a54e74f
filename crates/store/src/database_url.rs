//! Where the database is, as people write it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;

use crate::StoreError;

/// How the server lists the connections of Skein, unless the address names another way.
const APPLICATION_NAME: &str = "skein";

/// The address of a database: a file, such as `sqlite:/var/lib/skein/skein.db` or the path alone, or a PostgreSQL server, such
/// as `postgres://skein:PASSWORD@db.example/skein`. Shown without its password.
#[derive(Clone)]
pub struct DatabaseUrl {
    place: Place,
}

#[derive(Clone)]
enum Place {
    File(PathBuf),
    Server(Box<PgConnectOptions>),
}

/// What a store is opened on.
pub(crate) enum Target<'a> {
    /// An SQLite file.
    File(&'a Path),
    /// A PostgreSQL server.
    Server(&'a PgConnectOptions),
}

impl DatabaseUrl {
    /// Reads `sqlite:path`, `sqlite://path`, a path, `postgres://…` or `postgresql://…`. What stands behind the `?` of a server's
    /// address is passed on, such as `sslmode=verify-full`; what it leaves out is taken from `PGHOST`, `PGUSER` and the like.
    /// Another scheme is refused. No refusal repeats the address, because it may hold a password.
    pub fn parse(given: &str) -> Result<Self, StoreError> {
        let path = match given.split_once(':') {
            Some(("sqlite", rest)) => rest.strip_prefix("//").unwrap_or(rest),
            Some(("postgres" | "postgresql", _)) => return Self::parse_server(given),
            Some((scheme, _)) if is_scheme(scheme) => return Err(StoreError::UnknownScheme(scheme.to_owned())),
            _ => given,
        };
        if path.is_empty() || path.contains(['\0', '?']) || path == ":memory:" {
            return Err(StoreError::NoPath);
        }
        Ok(Self { place: Place::File(PathBuf::from(path)) })
    }

    fn parse_server(given: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(given).map_err(|error| match error {
            sqlx::Error::Configuration(why) => StoreError::BadAddress(why.to_string()),
            _ => StoreError::BadAddress("it is not an address".to_owned()),
        })?;
        if options.get_database().is_some_and(|database| database.contains('@')) {
            // The rest of the password is then taken for the name of the database, which is shown.
            return Err(StoreError::BadAddress("a `/` in a password is written `%2F`".to_owned()));
        }
        let is_named = options.get_application_name().is_some();
        let options = if is_named { options } else { options.application_name(APPLICATION_NAME) };
        Ok(Self { place: Place::Server(Box::new(options)) })
    }

    /// The file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::File(path) => Some(path),
            Place::Server(_) => None,
        }
    }

    pub(crate) fn target(&self) -> Target<'_> {
        match &self.place {
            Place::File(path) => Target::File(path),
            Place::Server(options) => Target::Server(options),
        }
    }
}

impl From<&Path> for DatabaseUrl {
    fn from(path: &Path) -> Self {
        Self { place: Place::File(path.to_owned()) }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::File(path) => write!(f, "sqlite:{}", path.display()),
            Place::Server(options) => {
                let socket = options.get_socket().map(|folder| folder.display().to_string());
                let host = socket.unwrap_or_else(|| format!("{}:{}", options.get_host(), options.get_port()));
                let database = options.get_database().unwrap_or(options.get_username());
                write!(f, "postgres://{}@{host}/{database}", options.get_username())
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for DatabaseUrl {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for DatabaseUrl {}

// One letter is a drive of Windows, not a scheme.
fn is_scheme(text: &str) -> bool {
    text.len() > 1 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_sqlite_urls_are_read() {
        for given in ["sqlite:/a/b.db", "sqlite:///a/b.db", "/a/b.db"] {
            assert_eq!(DatabaseUrl::parse(given).unwrap().path(), Some(Path::new("/a/b.db")), "{given}");
        }
        assert_eq!(DatabaseUrl::parse("sqlite://b.db").unwrap().path(), Some(Path::new("b.db")));
    }

    #[test]
    fn a_server_is_shown_without_its_password() {
        for scheme in ["postgres", "postgresql"] {
            let given = format!("{scheme}://me:hunter2@db.example:6000/birds?sslmode=require&application_name=flock");
            let url = DatabaseUrl::parse(&given).unwrap();
            assert_eq!((url.to_string().as_str(), url.path()), ("postgres://me@db.example:6000/birds", None));
            assert!(!format!("{url:?}").contains("hunter2"));
            let Target::Server(options) = url.target() else { panic!("{url} is a server") };
            assert!(matches!(options.get_ssl_mode(), sqlx::postgres::PgSslMode::Require));
            assert_eq!(options.get_application_name(), Some("flock"));
        }
        let by_socket = DatabaseUrl::parse("postgres:///birds?host=/run/postgresql&user=me").unwrap();
        assert_eq!(by_socket.to_string(), "postgres://me@/run/postgresql/birds");
        let Target::Server(options) = by_socket.target() else { panic!("{by_socket} is a server") };
        assert_eq!(options.get_application_name(), Some("skein"));
    }

    #[test]
    fn what_cannot_be_read_is_refused_without_repeating_a_password() {
        let refusal = DatabaseUrl::parse("mysql://skein:hunter2@db/skein").unwrap_err().to_string();
        assert!(refusal.contains("mysql") && refusal.contains("postgres://"), "{refusal}");
        assert!(!refusal.contains("hunter2"), "{refusal}");
        for given in ["postgres://skein:hunter2@db:port/skein", "postgres://skein:hunter2@db/skein?sslmode=maybe"] {
            let refusal = DatabaseUrl::parse(given).unwrap_err().to_string();
            assert!(refusal.contains("PostgreSQL") && !refusal.contains("hunter2"), "{refusal}");
        }
        for given in ["", "sqlite:", "sqlite::memory:", "sqlite:a.db?mode=ro"] {
            assert!(DatabaseUrl::parse(given).is_err(), "{given}");
        }
    }
}
