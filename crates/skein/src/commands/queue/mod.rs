//! `skein queue`: see and change what waits.

pub(crate) mod cancel;
pub(crate) mod list;
pub(crate) mod move_to;
pub(crate) mod retry;
pub(crate) mod review;
pub(crate) mod show;

use skein_domain::StateName;

use crate::app::App;
use crate::exit::{Exit, Failure};

/// The states of what is not at rest, and of what a person must decide.
pub(crate) const WAITING: [StateName; 7] = [
    StateName::Scheduled,
    StateName::Preparing,
    StateName::Ready,
    StateName::Blocked,
    StateName::Publishing,
    StateName::Settling,
    StateName::NeedsReview,
];

/// The command line of `queue`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// What waits, earliest first
    List(list::Args),
    /// One post: what it is, where it stands, what happened
    Show(show::Args),
    /// Stop a post that is not on its way
    Cancel(cancel::Args),
    /// Give a post another time
    Move(move_to::Args),
    /// Try again what failed or was missed, now
    Retry(retry::Args),
    /// Decide what nobody but you can know
    Review(review::Args),
}

/// Runs a command of the queue; `list` when none was named.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    match args.command.unwrap_or(Command::List(list::Args::default())) {
        Command::List(args) => list::run(app, &args).await,
        Command::Show(args) => show::run(app, &args).await,
        Command::Cancel(args) => cancel::run(app, &args).await,
        Command::Move(args) => move_to::run(app, &args).await,
        Command::Retry(args) => retry::run(app, &args).await,
        Command::Review(args) => review::run(app, &args).await,
    }
}
