//! `skein queue cancel`.

use skein_domain::StateName;

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::screen::{Line, Tone};

/// The command line of `queue cancel`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The post: its id, the beginning of it, or last
    pub(crate) post: String,
}

/// Cancels what can still be stopped; tells what cannot.
pub(crate) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let found = house.intake.find(&args.post).await?;
    house.intake.cancel(&found).await?;
    let view = house.intake.view(found.post, Vec::new()).await?;
    let rest: Vec<_> = view.deliveries.iter().filter(|delivery| delivery.state != StateName::Canceled).collect();
    if app.screen.is_json() {
        app.screen.object(&view);
    } else {
        app.screen.line(
            Line::of(Tone::Good, "Canceled").and(Tone::Plain, format!(" {}, before anything was sent.", view.id)),
        );
        for delivery in &rest {
            let state = delivery.state.as_str().replace('_', " ");
            app.screen.line(Line::of(Tone::Warn, format!("Not as @{}: there it is {state}.", delivery.account)));
        }
    }
    Ok(if rest.is_empty() { Exit::Done } else { Exit::Failed })
}
