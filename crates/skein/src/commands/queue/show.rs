//! `skein queue show`: the story of a post.

use serde::Serialize;
use skein_domain::story;
use skein_intake::PostView;

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::render::story::whole;

/// The command line of `queue show`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The post: its id, the beginning of it, or last
    pub(crate) post: String,
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    post: &'a PostView,
    submitted_at: jiff::Timestamp,
    story: Vec<Told<'a>>,
}

#[derive(Serialize)]
struct Told<'a> {
    delivery: &'a str,
    at: jiff::Timestamp,
    offset_ms: i64,
    text: String,
    #[serde(flatten)]
    event: &'a skein_domain::Event,
}

/// Prints where a post stands, what happens next, and what has happened.
pub(crate) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let post = house.intake.find_post(&args.post).await?;
    let submitted_at = post.submitted_at;
    let view = house.intake.view(post, Vec::new()).await?;
    let mut stories = Vec::with_capacity(view.deliveries.len());
    for delivery in &view.deliveries {
        stories.push(house.intake.story(&delivery.id).await?);
    }
    if !app.screen.is_json() {
        app.screen.lines(whole(&view, submitted_at, &stories, &app.eye(&house)));
        return Ok(Exit::Done);
    }
    let mut told = Vec::new();
    for (delivery, lines) in view.deliveries.iter().zip(&stories) {
        told.extend(lines.iter().map(|line| Told {
            delivery: line.delivery.as_str(),
            at: line.at,
            offset_ms: i64::try_from(line.at.duration_since(delivery.due).as_millis()).unwrap_or(i64::MAX),
            text: story::tell(&line.event),
            event: &line.event,
        }));
    }
    app.screen.object(&Shown { post: &view, submitted_at, story: told });
    Ok(Exit::Done)
}
