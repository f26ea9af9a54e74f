//! `skein queue list`.

use skein_domain::StateName;

use super::WAITING;
use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::render::queue::table;
use crate::screen::{Line, Tone};

/// Deliveries that are looked at for one list.
const LIST_AT_MOST: usize = 1_000;

/// The command line of `queue list`.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Also what is published, failed, missed or canceled
    #[arg(long)]
    pub(crate) all: bool,
}

/// Prints the queue.
pub(crate) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let states = if args.all { StateName::ALL.to_vec() } else { WAITING.to_vec() };
    let posts = house.intake.list(states, LIST_AT_MOST).await?;
    if app.screen.is_json() {
        app.screen.object(&posts);
        return Ok(Exit::Done);
    }
    if posts.is_empty() {
        app.screen.line(if args.all {
            "There are no posts."
        } else {
            "Nothing waits. `skein queue list --all` shows the rest."
        });
        return Ok(Exit::Done);
    }
    let eye = app.eye(&house);
    app.screen.lines(table(&posts, &eye));
    app.screen.line(Line::of(Tone::Faint, format!("Times are in {}.", eye.zone_name(eye.now))));
    if posts.len() >= LIST_AT_MOST {
        app.screen.line(Line::of(Tone::Faint, format!("Only the earliest {LIST_AT_MOST} are shown.")));
    }
    Ok(Exit::Done)
}
