//! Schedule to Bluesky and beyond. On time, never twice, with proof.
//!
//! This crate is the binary: it reads settings, wires ledger, connectors, clock and randomness to the use cases and the
//! engine, and has one file per command. `main.rs` calls [`run`] and nothing else.

mod app;
mod cli;
mod clock;
mod commands;
mod config;
mod entropy;
mod exit;
mod logs;
mod parts;
mod render;
mod sandbox_file;
mod screen;
mod submit;
mod text;
mod wiring;

pub use wiring::{DecorateConnector, DecorateLedger, Hooks};

use clap::Parser;
use skein_domain::{Category, Fault};
use std::ffi::OsString;
use std::process::ExitCode;

use app::App;
use cli::Cli;
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
    let exit = runtime.block_on(commands::run(cli.command, &app)).unwrap_or_else(|failure| {
        app.tell(&failure);
        failure.exit
    });
    // A task that waits for a server must not keep a finished command from ending.
    runtime.shutdown_background();
    match app.screen.trouble() {
        Some(trouble) if exit == Exit::Done => {
            app.screen.note(format!("Standard output could not be written: {trouble}."));
            code(Exit::Failed)
        }
        _ => code(exit),
    }
}

/// Help and version go where clap sends them; a command line that cannot be read is a usage error.
fn misread(error: &clap::Error, screen: &Screen) -> ExitCode {
    if screen.is_json() {
        let message = error.render().to_string();
        let message = message.trim().strip_prefix("error: ").unwrap_or(message.trim());
        let fault = Fault::new("usage", Category::UserContent, message);
        app::tell(&Failure::new(Exit::Usage, fault, NOTHING_CHANGED), screen);
        return code(Exit::Usage);
    }
    if error.print().is_err() {
        return code(Exit::Failed);
    }
    code(if error.use_stderr() { Exit::Usage } else { Exit::Done })
}

fn code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}
