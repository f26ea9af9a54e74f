//! Schedule to Bluesky and beyond. On time, never twice, with proof.
//!
//! This crate is the binary: it reads settings, wires ledger, connectors, clock and randomness to the use cases and the
//! engine, and has one file per command. `main.rs` calls [`run`] and nothing else.

mod app;
mod backup_folder;
pub mod bucket;
mod cli;
mod clock;
mod commands;
mod config;
mod doors;
mod entropy;
mod exit;
mod fixing;
mod listening;
mod logs;
mod originals;
mod parts;
mod pictures;
mod policy_options;
mod proof;
mod published;
mod render;
mod sandbox_file;
mod screen;
mod submit;
mod text;
pub mod video_fix;
mod wiring;

pub use wiring::{DecorateConnector, DecorateLedger, Hooks};

use clap::Parser;
use skein_domain::{Category, Fault};
use std::ffi::OsString;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use app::App;
use cli::{Cli, Command};
use config::Variables;
use exit::{Exit, Failure, NOTHING_CHANGED};
use screen::Screen;

/// Runs one command to its end. `hooks` lets tests wrap the ports; the product passes none.
pub fn run(args: impl IntoIterator<Item = OsString>, hooks: Hooks) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let variables = Variables::of_process();
    let no_colour = variables.path("NO_COLOR").is_some();
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => {
            let json = args.iter().any(|arg| arg == "--json") && error.use_stderr();
            return misread(&error, &Screen::of_process(json, no_colour));
        }
    };
    let screen = Screen::of_process(cli.global.json, no_colour);
    let app = App::new(cli.global, variables, hooks, screen);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            app.tell(&Failure::system("runtime", format!("The process cannot start its threads: {error}.")));
            return code(Exit::Failed);
        }
    };
    let ran = panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(command_and_close(cli.command, &app))));
    let exit = ran.unwrap_or_else(|_| Err(defect())).unwrap_or_else(|failure| {
        app.tell(&failure);
        failure.exit
    });
    // A task that waits for a server must not keep a finished command from ending.
    runtime.shutdown_background();
    last_word(&app.screen, exit)
}

async fn command_and_close(command: Command, app: &App) -> Result<Exit, Failure> {
    let ended = commands::run(command, app).await;
    app.close().await;
    ended
}

/// The exit code, and what people must know where standard output could not be written: it is no success then.
fn last_word(screen: &Screen, exit: Exit) -> ExitCode {
    match (screen.trouble(), exit) {
        (None, exit) => code(exit),
        (Some(trouble), Exit::Done) => {
            screen.note(format!(
                "What was asked for is done, but standard output could not be written: {trouble}. Do not repeat it; `skein queue \
                 list --all` shows what there is."
            ));
            code(Exit::Failed)
        }
        (Some(trouble), exit) => {
            screen.note(format!(
                "Standard output could not be written: {trouble}. The exit code {} says how this ended all the same.",
                exit as u8
            ));
            code(exit)
        }
    }
}

fn defect() -> Failure {
    Failure::system("defect", "A defect in Skein stopped this command.")
        .leaving("What was kept is kept; `skein queue list` shows it.")
        .next("Please report it, with the output of the same command under SKEIN_LOG=info.")
}

/// Help and version go where clap sends them; a command line that cannot be read is a usage error.
fn misread(error: &clap::Error, screen: &Screen) -> ExitCode {
    if screen.is_json() {
        let told = error.render().to_string();
        let told = told.trim().strip_prefix("error: ").unwrap_or(told.trim());
        let message = told.split("\n\n").next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        let fault = Fault::new("usage", Category::UserContent, message).next("See `skein --help`.");
        app::tell(&Failure::new(Exit::Usage, fault, NOTHING_CHANGED), screen);
        return last_word(screen, Exit::Usage);
    }
    match error.print() {
        _ if error.use_stderr() => code(Exit::Usage),
        Err(trouble) if trouble.kind() != io::ErrorKind::BrokenPipe => {
            screen.note(format!("Standard output could not be written: {trouble}."));
            code(Exit::Failed)
        }
        Ok(()) | Err(_) => code(Exit::Done),
    }
}

fn code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}
