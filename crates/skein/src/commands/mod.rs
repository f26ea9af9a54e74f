//! One file per command.

pub(crate) mod accounts;
pub(crate) mod backup;
pub(crate) mod call;
pub(crate) mod counts;
pub(crate) mod delete;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod feed;
pub(crate) mod hold;
pub(crate) mod limits;
pub(crate) mod log;
pub(crate) mod login;
pub(crate) mod migrate_to;
pub(crate) mod notices;
pub(crate) mod policy;
pub(crate) mod post;
pub(crate) mod preview;
pub(crate) mod profile;
pub(crate) mod prune;
pub(crate) mod queue;
pub(crate) mod receipt;
pub(crate) mod restore;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod thread;
pub(crate) mod verify;
pub(crate) mod work;

use crate::app::App;
use crate::cli::Command;
use crate::exit::{Exit, Failure};
use crate::logs;

/// Runs a command to its end.
pub(crate) async fn run(command: Command, app: &App) -> Result<Exit, Failure> {
    let works_long = matches!(command, Command::Serve(_) | Command::Work(_));
    logs::start(&app.variables, if works_long { "info" } else { "off" })?;
    match command {
        Command::Login(args) => login::run(app, args).await,
        Command::Accounts(args) => accounts::run(app, args).await,
        Command::Post(args) => post::run(app, args).await,
        Command::Thread(args) => thread::run(app, args).await,
        Command::Preview(args) => preview::run(app, args).await,
        Command::Queue(args) => queue::run(app, args).await,
        Command::Receipt(args) => receipt::run(app, args).await,
        Command::Delete(args) => delete::run(app, args).await,
        Command::Verify(args) => verify::run(app, args).await,
        Command::Profile(args) => profile::run(app, args).await,
        Command::Counts(args) => counts::run(app, args).await,
        Command::Feed(args) => feed::run(app, args).await,
        Command::Show(args) => show::run(app, args).await,
        Command::Get(args) => call::get(app, args).await,
        Command::Call(args) => call::call(app, args).await,
        Command::Log(args) => log::run(app, args).await,
        Command::Limits(args) => limits::run(app, args).await,
        Command::Notices(args) => notices::run(app, args).await,
        Command::Prune(args) => prune::run(app, args).await,
        Command::Backup(args) => backup::run(app, args).await,
        Command::Restore(args) => restore::run(app, args).await,
        Command::MigrateTo(args) => migrate_to::run(app, args).await,
        Command::Policy(args) => policy::run(app, args).await,
        Command::Hold(args) => hold::hold(app, args).await,
        Command::Release(args) => hold::release(app, args).await,
        Command::Serve(args) => serve::run(app, args).await,
        Command::Work(args) => work::run(app, args).await,
        Command::Demo(args) => demo::run(app, args).await,
        Command::Doctor => doctor::run(app).await,
    }
}
