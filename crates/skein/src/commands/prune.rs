//! `skein prune`: forgets old rows of the call log, profiles that nobody asked for since, and notices that are over.

use serde_json::json;
use skein_store::StoreError;

use super::log::ago;
use crate::app::App;
use crate::exit::{Exit, Failure, sentence};
use crate::text::count;

/// The command line of `prune`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Calls, profiles and notices older than this, such as 90d or 12h
    #[arg(long, value_name = "TIME", value_parser = ago)]
    pub(crate) older_than: jiff::SignedDuration,
}

/// Forgets rows, and says how many. Posts, receipts and stories stay.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let before = house.clock.now().checked_sub(args.older_than).unwrap_or(jiff::Timestamp::MIN);
    let failed = |error: StoreError| Failure::system("database", sentence(&error.to_string()));
    let pruned = house.calls.prune(before).await.map_err(failed)?;
    let profiles = house.profiles.prune(before).await.map_err(failed)?;
    let notices = house.outbox.prune_notices(before).await?;
    if app.screen.is_json() {
        app.screen.object(&json!({ "pruned": pruned, "profiles": profiles, "notices": notices }));
    } else {
        let counted = |rows, one, many| count(usize::try_from(rows).unwrap_or(usize::MAX), one, many);
        app.screen.line(format!("{} forgotten.", counted(pruned, "call is", "calls are")));
        if profiles > 0 {
            app.screen.line(format!("{} forgotten.", counted(profiles, "profile is", "profiles are")));
        }
        if notices > 0 {
            app.screen.line(format!("{} forgotten.", count(notices, "notice is", "notices are")));
        }
    }
    Ok(Exit::Done)
}
