//! `skein notices`: what people were not told yet, and whether they can be told.

use serde_json::json;
use skein_domain::Letter;
use skein_domain::ports::NoticeFilter;

use crate::app::App;
use crate::doors;
use crate::exit::{Exit, Failure};
use crate::render::notices;
use crate::screen::{Line, Tone};
use crate::text::count;
use crate::wiring::House;

/// The command line of `notices`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Also those that every door has
    #[arg(long, conflicts_with_all = ["test", "retry"])]
    pub(crate) all: bool,
    /// At most so many, the newest
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
    /// Send a test notice through every door that is set, and say what became of it
    #[arg(long, conflicts_with = "retry")]
    pub(crate) test: bool,
    /// Try again what was given up; a running engine does it
    #[arg(long)]
    pub(crate) retry: bool,
}

/// Lists notices, tries the doors, or has notices tried again.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    if args.test {
        return test(app, &house).await;
    }
    if args.retry {
        return retry(app, &house).await;
    }
    let filter = NoticeFilter { handed_on: args.all, at_most: usize::try_from(args.limit).unwrap_or(usize::MAX) };
    let kept = house.outbox.notices(&filter).await?;
    if app.screen.is_json() {
        app.screen.object(&kept.iter().map(notices::object).collect::<Vec<_>>());
    } else {
        app.screen.lines(notices::table(&kept, args.all, &app.eye(&house)));
    }
    Ok(Exit::Done)
}

async fn retry(app: &App, house: &House) -> Result<Exit, Failure> {
    let again = house.outbox.retry_notices(house.clock.now()).await?;
    if app.screen.is_json() {
        app.screen.object(&json!({ "retried": again }));
        return Ok(Exit::Done);
    }
    app.screen.line(match again {
        0 => "Nothing was given up.".to_owned(),
        some => format!("{} tried again.", count(some, "notice is", "notices are")),
    });
    if again > 0 && !house.intake.engine_is_alive().await? {
        app.screen.line("No engine is running: `skein work --once` hands them on.");
    }
    Ok(Exit::Done)
}

/// Asks each door for itself, as an engine would.
async fn test(app: &App, house: &House) -> Result<Exit, Failure> {
    let letter = Letter::test(house.clock.now());
    let mut answers = Vec::new();
    for door in doors::open(&house.config)? {
        let said = door.tell(std::slice::from_ref(&letter)).await.pop();
        let trouble = match said {
            Some(Ok(())) => None,
            Some(Err(why)) => Some(why.to_string()),
            None => Some("it did not say what became of the notice".to_owned()),
        };
        answers.push((door.name(), trouble));
    }
    if app.screen.is_json() {
        let doors: Vec<_> = answers
            .iter()
            .map(|(name, trouble)| json!({ "name": name, "told": trouble.is_none(), "error": trouble }))
            .collect();
        app.screen.object(&json!({ "id": letter.id, "doors": doors }));
    } else {
        app.screen.lines(answers.iter().map(|(name, trouble)| match trouble {
            None => Line::of(Tone::Good, format!("{name:9}")).and(Tone::Plain, "told"),
            Some(why) => Line::of(Tone::Bad, format!("{name:9}")).and(Tone::Plain, format!("not told: {why}")),
        }));
        if answers.len() == 1 {
            app.screen.line("Only the log is told. SKEIN_SMTP_URL sends e-mail, SKEIN_NOTICE_COMMAND runs a program.");
        }
    }
    Ok(if answers.iter().all(|(_, trouble)| trouble.is_none()) { Exit::Done } else { Exit::Failed })
}
