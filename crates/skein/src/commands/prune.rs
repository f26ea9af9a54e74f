//! `skein prune`: forgets old rows of the call log, and profiles that nobody asked for since.

use serde_json::json;
use skein_store::StoreError;

use super::log::ago;
use crate::app::App;
use crate::exit::{Exit, Failure, sentence};
use crate::text::count;

/// The command line of `prune`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Calls and profiles older than this, such as 90d or 12h
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
    if app.screen.is_json() {
        app.screen.object(&json!({ "pruned": pruned, "profiles": profiles }));
    } else {
        let counted = |rows, one, many| count(usize::try_from(rows).unwrap_or(usize::MAX), one, many);
        app.screen.line(format!("{} forgotten.", counted(pruned, "call is", "calls are")));
        if profiles > 0 {
            app.screen.line(format!("{} forgotten.", counted(profiles, "profile is", "profiles are")));
        }
    }
    Ok(Exit::Done)
}
