//! `skein log`: the requests that left this machine.

use jiff::{SignedDuration, Span, SpanRelativeTo};
use skein_domain::{Category, Fault};
use skein_store::{CallFilter, LoggedCall};

use crate::app::App;
use crate::exit::{Exit, Failure, NOTHING_CHANGED, sentence};
use crate::render::calls;
use crate::wiring::House;

/// The longest time that is looked back.
const AGO_MOST_S: i64 = 100 * 366 * 86_400;

/// The command line of `log`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) action: Option<Action>,
    #[command(flatten)]
    pub(crate) list: List,
}

/// What is done with the log.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Action {
    /// List calls, newest first; the same as `log` alone
    List(List),
    /// Show all that is known of one call
    Show(Show),
}

/// Which calls are listed.
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Only calls that failed: no answer, or an error
    #[arg(long)]
    pub(crate) failed: bool,
    /// Only methods that hold this text, such as applyWrites
    #[arg(long, value_name = "TEXT")]
    pub(crate) method: Option<String>,
    /// Only calls as this account, by handle or DID
    #[arg(long, value_name = "HANDLE")]
    pub(crate) account: Option<String>,
    /// Only calls for this post: its id, the beginning of it, or last
    #[arg(long, value_name = "POST")]
    pub(crate) post: Option<String>,
    /// Only calls of the last so long, such as 1h or 7d
    #[arg(long, value_name = "TIME", value_parser = ago)]
    pub(crate) since: Option<SignedDuration>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
}

/// Which call is shown.
#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// The id of a call, or the beginning of it
    pub(crate) call: String,
}

/// A time span of days, hours and so on.
pub(crate) fn ago(text: &str) -> Result<SignedDuration, String> {
    let span: Span = text.parse().map_err(|_| "give a number and a unit, such as 90d, 12h or 30m".to_owned())?;
    let days = SpanRelativeTo::days_are_24_hours();
    let duration =
        span.to_duration(days).map_err(|_| "give days, hours, minutes or seconds, such as 90d".to_owned())?;
    if duration.is_negative() || duration.as_secs() > AGO_MOST_S {
        return Err("give a time from 0s to 36600d".to_owned());
    }
    Ok(duration)
}

/// Lists calls, or shows one.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    match args.action {
        None => list(app, &house, args.list).await,
        Some(Action::List(options)) => list(app, &house, options).await,
        Some(Action::Show(options)) => show(app, &house, &options.call).await,
    }
}

async fn list(app: &App, house: &House, options: List) -> Result<Exit, Failure> {
    let now = house.clock.now();
    let account = match options.account {
        Some(named) => Some(identity(house, &named).await?),
        None => None,
    };
    let filter = CallFilter {
        failed: options.failed,
        method: options.method,
        account,
        work: None,
        since: options.since.map(|since| now.checked_sub(since).unwrap_or(jiff::Timestamp::MIN)),
        at_most: usize::try_from(options.limit).unwrap_or(usize::MAX),
    };
    let rows = match options.post {
        None => read(house, &filter).await?,
        Some(post) => of_post(house, &post, filter).await?,
    };
    if app.screen.is_json() {
        let rows: Vec<_> = rows.iter().map(calls::object).collect();
        app.screen.object(&rows);
    } else {
        app.screen.lines(calls::table(&rows, &app.eye(house)));
    }
    Ok(Exit::Done)
}

/// The calls of every delivery of a post, newest first.
async fn of_post(house: &House, post: &str, filter: CallFilter) -> Result<Vec<LoggedCall>, Failure> {
    let found = house.intake.find(post).await?;
    let mut rows = Vec::new();
    for delivery in house.intake.deliveries_of(&found.post.id).await? {
        let filter = CallFilter { work: Some(delivery.id.to_string()), ..filter.clone() };
        rows.extend(read(house, &filter).await?);
    }
    rows.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
    rows.truncate(filter.at_most);
    Ok(rows)
}

async fn show(app: &App, house: &House, id: &str) -> Result<Exit, Failure> {
    let prefix = if id.starts_with("call_") { id.to_owned() } else { format!("call_{id}") };
    let found = house.calls.find(&prefix).await.map_err(|error| unread(&error))?;
    match found.as_slice() {
        [one] if app.screen.is_json() => app.screen.object(&calls::object(one)),
        [one] => app.screen.lines(calls::whole(one, &app.eye(house))),
        [] => return Err(unknown(id, "There is no call with this id.")),
        _ => return Err(unknown(id, "Several calls begin with this.")),
    }
    Ok(Exit::Done)
}

async fn read(house: &House, filter: &CallFilter) -> Result<Vec<LoggedCall>, Failure> {
    house.calls.list(filter).await.map_err(|error| unread(&error))
}

/// The DID of one of our accounts, or what was named where it is a DID itself.
async fn identity(house: &House, named: &str) -> Result<String, Failure> {
    let name = named.trim_start_matches('@');
    if name.starts_with("did:") {
        return Ok(name.to_owned());
    }
    let accounts = house.intake.accounts().await?;
    let found = accounts.iter().find(|account| account.handle.eq_ignore_ascii_case(name));
    found.map(|account| account.identity.clone()).ok_or_else(|| {
        let fault = Fault::content("account_unknown", "account", "No account of this name is connected.").given(named);
        Failure::new(Exit::Refused, fault, NOTHING_CHANGED).next("See `skein accounts`.")
    })
}

fn unread(error: &skein_store::StoreError) -> Failure {
    Failure::system("database", sentence(&error.to_string()))
}

fn unknown(id: &str, message: &str) -> Failure {
    let fault = Fault::new("call_unknown", Category::UserContent, message).given(id);
    Failure::new(Exit::Refused, fault, NOTHING_CHANGED).next("See `skein log`.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spans_with_units() {
        assert_eq!(ago("90d"), Ok(SignedDuration::from_hours(90 * 24)));
        assert_eq!(ago("1h 30m"), Ok(SignedDuration::from_mins(90)));
        for wrong in ["90", "", "-1h", "soon", "1mo", "9999999h"] {
            assert!(ago(wrong).is_err(), "{wrong}");
        }
    }
}
