//! `skein accounts`: list, hold, release, remove, verify.

mod list;
mod remove;
mod verify;

use super::hold;
use crate::app::App;
use crate::exit::{Exit, Failure};

/// The command line of `accounts`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Who is connected
    List,
    /// Stop everything of an account that is not on its way
    Hold(Named),
    /// Let an account go on
    Release(Named),
    /// Disconnect an account: its session ends, here and at its server
    Remove(Named),
    /// Ask the server whether the session works
    Verify(hold::Args),
}

/// An account, by name.
#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// The account, by handle
    pub(crate) account: String,
}

impl From<Named> for hold::Args {
    fn from(named: Named) -> Self {
        Self { account: Some(named.account) }
    }
}

/// Runs a command of the accounts; `list` when none was named.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    match args.command.unwrap_or(Command::List) {
        Command::List => list::run(app).await,
        Command::Hold(named) => hold::hold(app, named.into()).await,
        Command::Release(named) => hold::release(app, named.into()).await,
        Command::Remove(named) => remove::run(app, &named).await,
        Command::Verify(args) => verify::run(app, args).await,
    }
}
