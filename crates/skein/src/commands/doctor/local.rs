//! What can be looked at on this machine.

use jiff::Timestamp;
use skein_domain::ports::LedgerError;
use skein_domain::when::parse_zone;
use skein_domain::{Account, Standing};
use skein_intake::IntakeError;

use super::Check;
use crate::config::{Config, KeySource};
use crate::exit::sentence;
use crate::text::count;
use crate::wiring::House;

const DISK_FAILED_BYTES: u64 = 50 * 1024 * 1024;
const DISK_WARNING_BYTES: u64 = 500 * 1024 * 1024;

/// The time zones, and the one of this machine.
pub(super) fn zones(config: &Config) -> Check {
    let name = config.zone.iana_name().unwrap_or("without a name");
    match parse_zone("Europe/Paris") {
        Ok(_) => Check::ok("zones", format!("Times are read and shown in the zone {name}.")),
        Err(error) => Check::failed("zones", sentence(&error.to_string()), "Install the package tzdata."),
    }
}

/// Where the key comes from. That it fits the database, and that nobody else can read it, was checked at opening.
pub(super) fn key(config: &Config) -> Check {
    match &config.key {
        KeySource::Variable(_) => {
            Check::ok("key", "The master key is that of SKEIN_MASTER_KEY, and fits the database.")
        }
        KeySource::File(path) => Check::ok(
            "key",
            format!(
                "The master key is {}, readable by its owner only, and fits the database. Keep a copy of it.",
                path.display()
            ),
        ),
    }
}

/// Reads and writes. The sign of life is of 1970, so that nobody takes the doctor for an engine.
pub(super) async fn database(house: &House) -> Check {
    let name = format!("doctor of {}", house.owner);
    let tried: Result<(), LedgerError> = async {
        house.ledger.next_wake().await?;
        house.ledger.beat(&name, Timestamp::UNIX_EPOCH).await?;
        house.ledger.end_beat(&name).await
    }
    .await;
    let place = &house.config.paths.database;
    match tried {
        Ok(()) => Check::ok("database", format!("{place} can be read and written.")),
        Err(error) => Check::failed("database", format!("{place}: {}", sentence(&error.to_string())), ""),
    }
}

/// What is left for the database and its files.
pub(super) fn disk(config: &Config) -> Check {
    let folder = &config.paths.data;
    let free = match rustix::fs::statvfs(folder.as_path()) {
        Ok(about) => about.f_bavail.saturating_mul(about.f_frsize),
        Err(error) => {
            let detail = format!("The space left in {} cannot be read: {error}.", folder.display());
            return Check::warning("disk", detail, "");
        }
    };
    let detail = format!("{} MB are free in {}.", free / 1_000_000, folder.display());
    match free {
        0..DISK_FAILED_BYTES => Check::failed("disk", detail, "Make space: nothing can be kept without."),
        DISK_FAILED_BYTES..DISK_WARNING_BYTES => Check::warning("disk", detail, "Make space before it is gone."),
        _ => Check::ok("disk", detail),
    }
}

/// Whether every account can publish: one line for each that cannot.
pub(super) fn accounts(accounts: &Result<Vec<Account>, IntakeError>) -> Vec<Check> {
    let accounts = match accounts {
        Ok(accounts) => accounts,
        Err(error) => return vec![Check::failed("accounts", sentence(&error.to_string()), "")],
    };
    if accounts.is_empty() {
        return vec![Check::warning("accounts", "No account is connected.", "Connect one: `skein login HANDLE`.")];
    }
    let stopped: Vec<Check> = accounts.iter().filter_map(stopped).collect();
    if !stopped.is_empty() {
        return stopped;
    }
    let connected = count(accounts.len(), "account is connected", "accounts are connected");
    vec![Check::ok("accounts", format!("{connected}; none is held or needs a login."))]
}

fn stopped(account: &Account) -> Option<Check> {
    let handle = &account.handle;
    match &account.standing {
        Standing::NeedsReconnect { fault } => Some(Check::failed(
            "account",
            format!("@{handle} needs a login: {}", fault.message),
            format!("`skein login {handle}`; its posts wait meanwhile."),
        )),
        Standing::Active if account.held => Some(Check::warning(
            "account",
            format!("@{handle} is held: nothing goes out."),
            format!("`skein release {handle}` lets it go on."),
        )),
        Standing::Active => None,
    }
}

/// Whether anybody sends what waits.
pub(super) async fn engine(house: &House) -> Check {
    match house.intake.engine_is_alive().await {
        Ok(true) => Check::ok("engine", "An engine is running on this database."),
        Ok(false) => Check::warning("engine", "No engine is running: what waits stays here.", "Start `skein serve`."),
        Err(error) => Check::failed("engine", sentence(&error.to_string()), ""),
    }
}

/// How people are told what they must know, and whether that works.
pub(super) async fn notices(house: &House) -> Check {
    let (waiting, given_up) = match house.outbox.count_notices().await {
        Ok(counted) => counted,
        Err(error) => return Check::failed("notices", sentence(&error.to_string()), ""),
    };
    if given_up > 0 {
        let detail = format!("{} given up.", count(given_up, "notice was", "notices were"));
        return Check::warning("notices", detail, "`skein notices` says why, `skein notices --retry` tries again.");
    }
    let settings = &house.config.notices;
    let mail =
        settings.mail.as_ref().map(|mail| format!("e-mail to {}", count(mail.recipients(), "address", "addresses")));
    let command = settings.command.as_ref().map(|_| "a command".to_owned());
    let doors: Vec<String> = ["the log".to_owned()].into_iter().chain(mail).chain(command).collect();
    let waits = match waiting {
        0 => String::new(),
        some => format!(" {}.", count(some, "notice waits", "notices wait")),
    };
    Check::ok("notices", format!("People are told by {}.{waits}", doors.join(", ")))
}
