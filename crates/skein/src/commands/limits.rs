//! `skein limits`: what accounts have used of their hosts' limits.

use skein_atproto::syntax::Did;
use skein_bluesky::budget::{Meter, host_of};
use skein_domain::Account;
use url::Url;

use crate::app::App;
use crate::exit::{Exit, Failure, sentence};
use crate::render::limits::{self, Limits};
use crate::wiring::House;

/// The command line of `limits`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this account, by handle, DID or id
    #[arg(long, value_name = "HANDLE")]
    pub(crate) account: Option<String>,
}

/// Shows the gauges of one account, or of all.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let accounts = match args.account {
        Some(name) => vec![house.intake.account_named(&name).await?],
        None => house.intake.accounts().await?,
    };
    let mut told = Vec::with_capacity(accounts.len());
    for account in accounts {
        told.push(limits_of(&house, account).await?);
    }
    if app.screen.is_json() {
        let objects: Vec<_> = told.iter().map(limits::object).collect();
        app.screen.object(&serde_json::json!({ "accounts": objects }));
    } else if told.is_empty() {
        app.screen.line("No account is connected. Connect one: `skein login HANDLE`.");
    } else {
        app.screen.lines(limits::table(&told, &app.eye(&house)));
    }
    Ok(Exit::Done)
}

async fn limits_of(house: &House, account: Account) -> Result<Limits, Failure> {
    let damaged = |error: String| Failure::system("stored_data_unreadable", sentence(&error));
    let did = Did::parse(&account.identity).map_err(|error| damaged(error.to_string()))?;
    let host = host_of(&Url::parse(&account.host).map_err(|error| damaged(error.to_string()))?);
    let mut gauges = Vec::new();
    for meter in [Meter::writes(&did), Meter::calls(&host), Meter::uploads(&host)] {
        let read = house.sessions.budget().gauges_of(&meter).await;
        gauges.extend(read.map_err(|error| Failure::system("database", sentence(&error.to_string())))?);
    }
    Ok(Limits::of(account.handle, &did, host, gauges))
}
