//! `skein serve`: the engine, until Ctrl-C.

use jiff::Timestamp;
use skein_domain::{Account, Standing};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::render::times::Eye;
use crate::screen::{Line, Tone};
use crate::text::count;
use crate::wiring::House;

/// How many waiting posts are counted at start.
const COUNT_AT_MOST: usize = 10_000;
const ACCOUNTS_SHOWN: usize = 20;

/// Runs the engine until the process is told to stop, then finishes what is armed.
pub(crate) async fn run(app: &App) -> Result<Exit, Failure> {
    run_as(app, "serves").await
}

/// The same, for a process that does so in other words.
pub(super) async fn run_as(app: &App, does: &str) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let engine = house.telling_engine()?;
    greet(app, &house, does).await?;
    let stop = CancellationToken::new();
    let second = stop_on_signals(&stop)?;
    tokio::select! {
        ended = engine.run(stop) => {
            ended?;
            app.screen.line("Stopped. What was armed is finished; the rest waits in the database.");
            Ok(Exit::Done)
        }
        () = second.cancelled() => Err(hurried()),
    }
}

fn hurried() -> Failure {
    Failure::system("hurried", "Stopped at once, as asked twice.")
        .leaving("What was on its way is looked up by the next engine: nothing is sent twice.")
}

/// The first signal cancels `stop`; the token that is returned is cancelled by the second one.
pub(crate) fn stop_on_signals(stop: &CancellationToken) -> Result<CancellationToken, Failure> {
    let failed = |error| Failure::system("signals", format!("Signals cannot be received: {error}."));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let (first, second) = (stop.clone(), CancellationToken::new());
    let hurry = second.clone();
    tokio::spawn(async move {
        for token in [first, hurry] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            token.cancel();
        }
    });
    Ok(second)
}

/// Says what it is about to do: the accounts, how much waits, and when it wakes up next.
async fn greet(app: &App, house: &House, does: &str) -> Result<(), Failure> {
    let accounts = house.intake.accounts().await?;
    let waiting = house.ledger.count_awake(COUNT_AT_MOST).await?;
    let next = house.ledger.next_wake().await?;
    let screen = &app.screen;
    screen.line(Line::of(Tone::Strong, "Skein").and(Tone::Plain, format!(" {does} {}.", house.config.paths.database)));
    if accounts.is_empty() {
        screen.line("No account is connected yet: `skein login HANDLE`.");
    }
    for account in accounts.iter().take(ACCOUNTS_SHOWN) {
        screen.line(told(account));
    }
    if let Some(more) = accounts.len().checked_sub(ACCOUNTS_SHOWN + 1) {
        screen.line(Line::of(Tone::Faint, format!("  and {} more: `skein accounts`", more + 1)));
    }
    let or_more = if waiting == COUNT_AT_MOST { " or more" } else { "" };
    let waiting = count(waiting, "post waits", "posts wait");
    screen.line(format!("{waiting}{or_more}.{}", wakes(&app.eye(house), next)));
    screen.line(Line::of(Tone::Faint, "Ctrl-C stops it; what is armed is finished first."));
    Ok(())
}

fn told(account: &Account) -> Line {
    let line = Line::from(format!("  @{}  {}", account.handle, account.host));
    match (&account.standing, account.held) {
        (_, true) => line.and(Tone::Warn, "  held: nothing goes out until `skein release`"),
        (Standing::NeedsReconnect { .. }, _) => {
            line.and(Tone::Warn, format!("  needs `skein login {}`", account.handle))
        }
        (Standing::Active, false) => line,
    }
}

fn wakes(eye: &Eye, next: Option<Timestamp>) -> String {
    match next {
        None => String::new(),
        Some(at) if at <= eye.now => " There is work to do now.".to_owned(),
        Some(at) => format!(" The next wake-up is {}.", eye.whole(at)),
    }
}
