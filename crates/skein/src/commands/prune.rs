//! `skein prune`: forgets old rows of the call log.

use serde_json::json;

use super::log::ago;
use crate::app::App;
use crate::exit::{Exit, Failure, sentence};
use crate::text::count;

/// The command line of `prune`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Rows older than this, such as 90d or 12h
    #[arg(long, value_name = "TIME", value_parser = ago)]
    pub(crate) older_than: jiff::SignedDuration,
}

/// Forgets rows, and says how many. Posts, receipts and stories stay.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let before = house.clock.now().checked_sub(args.older_than).unwrap_or(jiff::Timestamp::MIN);
    let pruned = house.calls.prune(before).await;
    let pruned = pruned.map_err(|error| Failure::system("database", sentence(&error.to_string())))?;
    if app.screen.is_json() {
        app.screen.object(&json!({ "pruned": pruned }));
    } else {
        let rows = count(usize::try_from(pruned).unwrap_or(usize::MAX), "call is", "calls are");
        app.screen.line(format!("{rows} forgotten."));
    }
    Ok(Exit::Done)
}
