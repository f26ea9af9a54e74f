//! `skein serve`: the engine and its HTTP door, until Ctrl-C.

use jiff::Timestamp;
use skein_api::{Metrics, Parts};
use skein_domain::ports::Clock as _;
use skein_domain::{Account, Standing};
use skein_engine::Engine;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::clock::SystemClock;
use crate::exit::{Exit, Failure};
use crate::listening::{self, HouseReadings, Listen, Wanted};
use crate::render::times::Eye;
use crate::screen::{Line, Tone};
use crate::text::count;
use crate::wiring::House;

/// How many waiting posts are counted at start.
const COUNT_AT_MOST: usize = 10_000;
const ACCOUNTS_SHOWN: usize = 20;

/// The command line of `serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only answer HTTP; `skein work`, here or elsewhere, publishes
    #[arg(long)]
    pub(crate) no_engine: bool,
    /// Where it answers.
    #[arg(
        long,
        value_name = "IP:PORT",
        help = "Answer /healthz, /readyz and /metrics there, or `off` [default: SKEIN_LISTEN, else 127.0.0.1:7534]"
    )]
    pub(crate) listen: Option<Listen>,
}

/// Runs the engine until the process is told to stop, then finishes what is armed.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let wanted = Wanted::of_server(args.listen, &app.variables)?;
    run_as(app, if args.no_engine { Does::Answers } else { Does::Serves }, wanted).await
}

/// What a process does, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    /// It publishes.
    Serves,
    /// It publishes beside others.
    WorksOn,
    /// It publishes nothing.
    Answers,
}

impl Does {
    fn word(self) -> &'static str {
        match self {
            Self::Serves => "serves",
            Self::WorksOn => "works on",
            Self::Answers => "answers for",
        }
    }
}

/// The same, for a process that does so in other words.
pub(super) async fn run_as(app: &App, does: Does, wanted: Wanted) -> Result<Exit, Failure> {
    let has_engine = does != Does::Answers;
    // Before the database is opened: an address that cannot be had is told at once, and who connects waits until it is.
    let door = wanted.open(app, has_engine).await?;
    let metrics = Arc::new(Metrics::new(SystemClock.now()));
    let house = app.house_counted(door.as_ref().map(|_| &metrics)).await?;
    let engine = if has_engine { Some(house.telling_engine()?) } else { None };
    // Before anybody is told where it answers, or how it is stopped.
    let (stop, close) = (CancellationToken::new(), CancellationToken::new());
    let second = stop_on_signals(&stop)?;
    if let Some(door) = &door {
        listening::tell(door, app);
    }
    greet(app, &house, does).await?;
    let parts = Parts {
        ledger: Arc::clone(&house.ledger),
        clock: Arc::clone(&house.clock),
        metrics,
        readings: Arc::new(HouseReadings::of(&house)),
        has_engine,
        stopping: stop.clone(),
    };
    let answering = door.map(|door| tokio::spawn(door.serve(parts, close.clone())));
    let ended = tokio::select! {
        ended = work(engine, stop) => ended,
        () = second.cancelled() => Err(hurried()),
    };
    close.cancel();
    if let Some(answering) = answering.filter(|_| ended.is_ok()) {
        answering.await.map_err(|error| Failure::system("door", format!("The HTTP door broke: {error}.")))?;
    }
    ended?;
    let what_waits = if has_engine { " What was armed is finished; the rest waits in the database." } else { "" };
    app.screen.line(format!("Stopped.{what_waits}"));
    Ok(Exit::Done)
}

/// Whatever this process does, until it is told to stop.
async fn work(engine: Option<Engine>, stop: CancellationToken) -> Result<(), Failure> {
    let Some(engine) = engine else {
        stop.cancelled().await;
        return Ok(());
    };
    Ok(engine.run(stop).await?)
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
async fn greet(app: &App, house: &House, does: Does) -> Result<(), Failure> {
    let accounts = house.intake.accounts().await?;
    let waiting = house.ledger.count_awake(COUNT_AT_MOST).await?;
    let next = house.ledger.next_wake().await?;
    let screen = &app.screen;
    screen.line(
        Line::of(Tone::Strong, "Skein").and(Tone::Plain, format!(" {} {}.", does.word(), house.config.paths.database)),
    );
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
    screen.line(match does {
        Does::Answers => {
            Line::from("Nothing is published here: that is for `skein serve` or `skein work`. Ctrl-C stops it.")
        }
        _ => Line::of(Tone::Faint, "Ctrl-C stops it; what is armed is finished first."),
    });
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
