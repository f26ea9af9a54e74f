//! `skein queue retry`.

use crate::app::App;
use crate::exit::{Exit, Failure};

/// The command line of `queue retry`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The post: its id, the beginning of it, or last
    pub(crate) post: String,
}

/// Has an engine try again, at once, what failed or was missed.
pub(crate) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let found = house.intake.find(&args.post).await?;
    house.intake.retry(&found).await?;
    let view = house.intake.view(found.post, Vec::new()).await?;
    app.show_outcome(&house, &view).await
}
