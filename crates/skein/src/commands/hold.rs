//! `skein hold` and `skein release`: everything of an account, or of all accounts, at once.

use serde_json::json;
use skein_domain::AccountId;

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::render::outcome::nothing_runs;
use crate::screen::{Line, Tone};
use crate::text::count;
use crate::wiring::House;

/// The command line of `hold` and `release`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The account, by handle [default: all]
    pub(crate) account: Option<String>,
}

/// Stops everything that is not armed yet.
pub(crate) async fn hold(app: &App, args: Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let (account, name) = meant(&house, args.account).await?;
    let held = house.intake.hold(account.as_ref()).await?;
    if app.screen.is_json() {
        app.screen.object(&json!({ "held": held }));
    } else {
        app.screen.line(Line::of(Tone::Warn, "Held").and(
            Tone::Plain,
            format!(
                " {name}: {} until `skein release`.",
                count(held, "waiting post stays here", "waiting posts stay here")
            ),
        ));
        app.screen.line("What was already on its way cannot be stopped; `skein queue list --all` shows it.");
    }
    Ok(Exit::Done)
}

/// Lets everything go on.
pub(crate) async fn release(app: &App, args: Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let (account, name) = meant(&house, args.account).await?;
    let released = house.intake.release(account.as_ref()).await?;
    if app.screen.is_json() {
        app.screen.object(&json!({ "released": released }));
    } else {
        app.screen.line(
            Line::of(Tone::Good, "Released")
                .and(Tone::Plain, format!(" {name}: {}.", count(released, "post goes on", "posts go on"))),
        );
        if released > 0 && !house.intake.engine_is_alive().await? {
            app.screen.line(nothing_runs());
        }
    }
    Ok(Exit::Done)
}

async fn meant(house: &House, name: Option<String>) -> Result<(Option<AccountId>, String), Failure> {
    match name {
        Some(name) => {
            let account = house.intake.account_named(&name).await?;
            Ok((Some(account.id), format!("@{}", account.handle)))
        }
        None => Ok((None, "all accounts".to_owned())),
    }
}
