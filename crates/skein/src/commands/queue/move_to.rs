//! `skein queue move`.

use crate::app::App;
use crate::exit::{Exit, Failure, NOTHING_CHANGED};
use crate::render::outcome::nothing_runs;
use crate::screen::{Line, Tone};
use skein_domain::when::describe_when;
use skein_intake::IntakeError;

/// The command line of `queue move`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The post: its id, the beginning of it, or last
    pub(crate) post: String,
    /// When: 2026-12-01 09:00, tomorrow 9am, fri 18:30, in 20m, or RFC 3339
    #[arg(value_name = "TIME", required_unless_present = "at", conflicts_with = "at")]
    pub(crate) time: Option<String>,
    /// The same as TIME
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// The time zone of TIME, such as Europe/Paris [default: this machine's]
    #[arg(long, value_name = "ZONE")]
    pub(crate) tz: Option<String>,
}

/// Gives a post another time.
pub(crate) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let found = house.intake.find(&args.post).await?;
    let asked_at = house.clock.now();
    let words = args.time.as_ref().or(args.at.as_ref()).map_or("now", String::as_str);
    let moved = house.intake.move_to(&found, words, args.tz.as_deref(), &house.config.zone).await;
    moved.map_err(|error| {
        let refused = matches!(error, IntakeError::Refused(_));
        let failure = Failure::from(error);
        if refused { failure.leaving(NOTHING_CHANGED) } else { failure }
    })?;
    let view = house.intake.view(found.post, Vec::new()).await?;
    if app.screen.is_json() {
        app.screen.object(&view);
        return Ok(Exit::Done);
    }
    let eye = app.eye(&house);
    let zone = args.tz.clone().unwrap_or_else(|| eye.zone_name(view.scheduled_at));
    let when = describe_when(view.scheduled_at, &zone, asked_at);
    app.screen.line(Line::of(Tone::Good, "Moved").and(Tone::Plain, format!(" {} to {when}.", view.id)));
    if !house.intake.engine_is_alive().await? {
        app.screen.line(nothing_runs());
    }
    Ok(Exit::Done)
}
