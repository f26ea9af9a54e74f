//! What the benches of the engine stand on.
//!
//! `burst run WHO [--accounts N] [--posts N] [--spread-ms N] [--lead-ms N] [--delay-ms N] [--workers N] -- COMMAND…` is one run: it
//! starts a stub and a database, hands posts in that are due `--lead-ms` later, spread over `--spread-ms` (0 is one instant), starts
//! the workers, and prints one line of JSON with how late each post was and what the workers cost. WHO is `skein-on-sqlite` or
//! `skein-on-postgres`, of which COMMAND is the program (`--workers N` are as many `skein work`, else it is one `skein serve`), or
//! `peer-on-postgres` or `peer-on-redis`, of which COMMAND is a script that takes `hand-in STORE JOBS` and `work STORE STUB ACCOUNTS`.
//!
//! It does so with the help of two others. `burst stub [--delay-ms N]` is a small, quick server that takes posts; it prints one line
//! of JSON with its address, and ends when its standard input is closed.
//! `burst seed DATABASE KEY STUB ACCOUNTS POSTS FIRST_DUE_MS SPREAD_MS` fills a database with accounts that live there, and posts.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the benches, which read what it prints")]

mod cost;
mod director;
mod people;
mod programs;
mod seed;
mod stub;
mod wanted;

use std::error::Error;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

type Failed = Box<dyn Error>;
type Done = Result<(), Failed>;

const USAGE: &str = "usage: burst run WHO [--OPTION NUMBER]… -- COMMAND… | burst stub [--delay-ms N] | \
    burst seed DATABASE KEY STUB ACCOUNTS POSTS FIRST_DUE_MS SPREAD_MS";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("burst: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Done {
    match *arguments {
        ["stub"] => stub::run(0),
        ["stub", "--delay-ms", delay_ms] => stub::run(delay_ms.parse()?),
        ["seed", database, key, stub, accounts, posts, first_due_ms, spread_ms] => seed::run(&seed::Wanted {
            database,
            key,
            stub: stub.parse()?,
            accounts: accounts.parse()?,
            posts: posts.parse()?,
            first_due_ms: first_due_ms.parse()?,
            spread_ms: spread_ms.parse()?,
        }),
        ["run", ref rest @ ..] => director::direct(wanted::Wanted::parse(rest)?),
        _ => Err(USAGE.into()),
    }
}

/// Microseconds since the epoch.
#[expect(clippy::disallowed_methods, reason = "whoever writes a program chooses its clock")]
fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(0)
}

fn now_ms() -> i64 {
    now_us() / 1_000
}
