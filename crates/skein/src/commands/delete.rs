//! `skein delete`: takes back what was published.

use skein_domain::{Category, Fault, StateName};
use skein_intake::{DeliveryView, PostView};
use std::io::{BufRead, IsTerminal, Write};

use crate::app::App;
use crate::exit::{Exit, Failure, NOTHING_CHANGED};
use crate::render::faults;
use crate::render::part::in_short;
use crate::screen::{Line, Tone};
use crate::text::count;
use crate::wiring::House;

const WORDS_GRAPHEMES: usize = 60;

/// The longest answer that is read.
const ANSWER_MAX_BYTES: u64 = 64;

/// The command line of `delete`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The post: its id, the beginning of it, or last
    pub(crate) post: String,
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// Deletes the records of a post where they were published. The receipt stays.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let found = house.intake.find(&args.post).await?;
    let before = house.intake.view(found.post.clone(), Vec::new()).await?;
    let is_public = |delivery: &&DeliveryView| delivery.state == StateName::Published;
    let is_meant = |delivery: &&DeliveryView| found.only.as_ref().is_none_or(|only| *only == delivery.id);
    let public: Vec<_> = before.deliveries.iter().filter(is_public).filter(is_meant).collect();
    if !args.yes && !public.is_empty() && !confirmed(app, &before, &public)? {
        app.screen.line("Nothing was deleted.");
        return Ok(Exit::Failed);
    }
    let faults = house.intake.unpublish(&found).await?;
    let view = house.intake.view(found.post, Vec::new()).await?;
    show(app, &house, &view, &public, faults)
}

/// Asks the person at the terminal. A program says what it wants with `--yes`.
fn confirmed(app: &App, view: &PostView, public: &[&DeliveryView]) -> Result<bool, Failure> {
    if app.screen.is_json() || !std::io::stdin().is_terminal() {
        let fault =
            Fault::new("not_confirmed", Category::UserContent, "Deleting cannot be undone, so it must be confirmed.");
        return Err(Failure::new(Exit::Usage, fault.next("Add `--yes`."), NOTHING_CHANGED));
    }
    let words = view.parts.first().map(|part| in_short(part, WORDS_GRAPHEMES)).unwrap_or_default();
    let accounts: Vec<_> = public.iter().map(|delivery| format!("@{}", delivery.account)).collect();
    app.screen.line(Line::of(Tone::Strong, words));
    app.screen.line(format!("{}, published as {}.", count(view.parts.len(), "part", "parts"), accounts.join(", ")));
    let unasked = |error: std::io::Error| Failure::system("not_asked", format!("You could not be asked: {error}."));
    let mut err = std::io::stderr();
    err.write_all(b"Delete it there? It cannot be undone. [y/N] ").and_then(|()| err.flush()).map_err(unasked)?;
    let mut answer = String::new();
    let stdin = std::io::stdin().lock();
    std::io::Read::take(stdin, ANSWER_MAX_BYTES).read_line(&mut answer).map_err(unasked)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

fn show(
    app: &App,
    house: &House,
    view: &PostView,
    were_public: &[&DeliveryView],
    faults: Vec<Fault>,
) -> Result<Exit, Failure> {
    if app.screen.is_json() {
        app.screen.object(&PostView { errors: [view.errors.clone(), faults.clone()].concat(), ..view.clone() });
    } else {
        for delivery in &view.deliveries {
            app.screen.lines(told(delivery, were_public.iter().any(|was| was.id == delivery.id)));
        }
    }
    if faults.is_empty() {
        return Ok(Exit::Done);
    }
    let is_lost = |fault: &Fault| matches!(fault.category, Category::AuthExpired | Category::AccountIssue);
    let exit = if faults.iter().any(is_lost) { Exit::Account } else { Exit::Failed };
    if !app.screen.is_json() {
        let failure = Failure { exit, faults, aftermath: "What is not deleted is still public.".to_owned() };
        faults::failure(&failure, app.eye(house).width).into_iter().for_each(|line| app.screen.note(line));
    }
    Ok(exit)
}

fn told(delivery: &DeliveryView, was_public: bool) -> Option<Line> {
    let account = &delivery.account;
    match delivery.state {
        StateName::Removed if was_public => {
            let records = count(delivery.records.len(), "record is gone", "records are gone");
            Some(
                Line::of(Tone::Good, "Deleted")
                    .and(Tone::Plain, format!(" as @{account}: {records}. The receipt stays.")),
            )
        }
        StateName::Removed => Some(Line::from(format!("As @{account} it was deleted before."))),
        StateName::Published => None,
        state => {
            let state = state.as_str().replace('_', " ");
            Some(Line::of(Tone::Warn, format!("Not as @{account}: there it is {state}.")))
        }
    }
}
