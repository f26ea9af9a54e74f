//! What the benches of the engine stand on: `burst stub` is a small, quick server that takes posts, `burst seed` fills a database
//! with accounts that live there and posts that are due.
//!
//! `burst stub [--delay-ms N]` prints one line of JSON with its address, and ends when its standard input is closed.
//! `burst seed DATABASE KEY STUB ACCOUNTS POSTS FIRST_DUE_MS SPREAD_MS` spreads the due instants evenly; `SPREAD_MS` 0 is one instant.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the benches, which read what it prints")]

mod people;
mod seed;
mod stub;

use std::error::Error;
use std::process::ExitCode;

type Done = Result<(), Box<dyn Error>>;

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
        _ => {
            Err("usage: burst stub [--delay-ms N] | burst seed DATABASE KEY STUB ACCOUNTS POSTS FIRST_DUE_MS SPREAD_MS"
                .into())
        }
    }
}
