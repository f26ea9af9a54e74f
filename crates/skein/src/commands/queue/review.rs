//! `skein queue review`: a person decides what nobody else can know.

use skein_intake::Decision;

use crate::app::App;
use crate::exit::{Exit, Failure};

/// The command line of `queue review`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The post: its id, the beginning of it, or last
    pub(crate) post: String,
    /// What the person who looked says.
    #[command(flatten)]
    pub(crate) said: Said,
}

/// One of three.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Said {
    /// I looked: it is public
    #[arg(long)]
    pub(crate) accept: bool,
    /// I looked: it is not there; send the same bytes again
    #[arg(long)]
    pub(crate) resend: bool,
    /// I looked: it is not there, and shall not be
    #[arg(long)]
    pub(crate) give_up: bool,
}

/// Applies the decision; what is to be sent again is sent by the engine, at once.
pub(crate) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let found = house.intake.find(&args.post).await?;
    let decision = match (args.said.accept, args.said.resend) {
        (true, _) => Decision::Accept,
        (_, true) => Decision::Resend,
        _ => Decision::GiveUp,
    };
    house.intake.review(&found, decision).await?;
    let view = house.intake.view(found.post, Vec::new()).await?;
    let exit = app.show_outcome(&house, &view).await?;
    // Giving up is what was asked for, so that it was given up is no failure.
    Ok(if decision == Decision::GiveUp && exit == Exit::Failed { Exit::Done } else { exit })
}
