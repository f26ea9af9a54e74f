//! `skein profile`: what others see of an account, and the mark of accounts that a program writes for.

use serde_json::{Value, json};
use skein_bluesky::profile;
use skein_bluesky::session::{Authorized, SessionError};
use skein_bluesky::xrpc::{CallError, XrpcClient};
use skein_domain::Fault;

use super::call::failed;
use crate::app::App;
use crate::exit::{Exit, Failure, NOTHING_CHANGED, sentence};
use crate::screen::{Line, Tone};
use crate::text::wrap;
use crate::wiring::House;

/// The command line of `profile`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Whose, by handle or DID [default: the connected account's]
    #[arg(value_name = "HANDLE", conflicts_with_all = ["bot", "account"])]
    pub(crate) actor: Option<String>,
    /// Mark the account as automated, or remove the mark
    #[arg(long, value_name = "on|off", value_enum)]
    pub(crate) bot: Option<Switch>,
    /// Which connected account [default: the only one there is]
    #[arg(long, value_name = "HANDLE")]
    pub(crate) account: Option<String>,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Switch {
    /// It is so.
    On,
    /// It is not so.
    Off,
}

/// Shows a profile, or sets the mark on one's own.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    match args.bot {
        Some(switch) => mark(app, &house, args.account.as_deref(), switch == Switch::On).await,
        None => show(app, &house, &args).await,
    }
}

async fn show(app: &App, house: &House, args: &Args) -> Result<Exit, Failure> {
    let actor = match &args.actor {
        Some(actor) => actor.trim_start_matches('@').to_owned(),
        None => house.acting(args.account.as_deref()).await?.to_string(),
    };
    let appview = &house.config.network.appview_url;
    let xrpc = XrpcClient::new(house.http.clone()).allowing(appview).retrying(&house.retry());
    let asked = profile::view(&xrpc, appview, &actor).await.map_err(SessionError::Call);
    let profile: Value =
        asked.and_then(|response| response.json().map_err(SessionError::Call)).map_err(|e| failed(&e))?;
    if app.screen.is_json() {
        app.screen.object(&profile);
    } else {
        app.screen.lines(lines(&profile, app.screen.width()));
    }
    Ok(Exit::Done)
}

async fn mark(app: &App, house: &House, account: Option<&str>, is_bot: bool) -> Result<Exit, Failure> {
    let did = house.acting(account).await?;
    let sessions = house.sessions.retrying(house.retry());
    let read = sessions.call(&did, |me: Authorized| async move { profile::read(&me).await }).await;
    let before = read.map_err(|error| failed(&error))?;
    let changed = profile::labelled_bot(before.as_ref().map(|record| &record.value), is_bot);
    let changed = changed.map_err(|error| refused("profile_unchangeable", &error.to_string()))?;
    if let Some(record) = &changed {
        let replaces = before.as_ref().map(skein_bluesky::repo::Record::hash).transpose();
        let replaces = replaces.map_err(|error| refused("profile_unchangeable", &error.to_string()))?;
        let (record, replaces) = (record, replaces.as_ref());
        let put = sessions.call(&did, |me: Authorized| async move { profile::put(&me, record, replaces).await }).await;
        put.map_err(|error| if is_swapped(&error) { changed_meanwhile() } else { failed(&error) })?;
    }
    if app.screen.is_json() {
        let told = json!({
            "account": did.as_str(),
            "bot": is_bot,
            "changed": changed.is_some(),
            "created": changed.is_some() && before.is_none(),
        });
        app.screen.object(&told);
    } else {
        app.screen.line(match (changed, is_bot) {
            (Some(_), true) => Line::of(Tone::Good, format!("{did} is marked as automated: its profile says `bot`.")),
            (Some(_), false) => Line::of(Tone::Good, format!("{did} is no longer marked as automated.")),
            (None, true) => Line::from(format!("{did} was marked as automated before. {NOTHING_CHANGED}")),
            (None, false) => Line::from(format!("{did} was not marked as automated. {NOTHING_CHANGED}")),
        });
    }
    Ok(Exit::Done)
}

fn is_swapped(error: &SessionError) -> bool {
    matches!(error, SessionError::Call(error @ CallError::Answer(_)) if error.is_named("InvalidSwap"))
}

fn changed_meanwhile() -> Failure {
    refused("profile_changed", "the profile was changed by somebody else at the same moment").next("Run it again.")
}

fn refused(code: &str, message: &str) -> Failure {
    Failure::new(Exit::Failed, Fault::content(code, "bot", sentence(message)), NOTHING_CHANGED)
}

/// A profile as people read it: what is not there is left out.
fn lines(profile: &Value, width: usize) -> Vec<Line> {
    let text = |key: &str| profile[key].as_str().unwrap_or_default();
    let mut lines = Vec::new();
    let handle = format!("@{}", text("handle"));
    lines.push(match text("displayName") {
        "" => Line::of(Tone::Strong, handle),
        name => Line::of(Tone::Strong, name).and(Tone::Plain, format!(" {handle}")),
    });
    lines.push(Line::of(Tone::Faint, text("did")));
    lines
        .extend(text("description").lines().flat_map(|line| wrap(line, width)).map(|line| Line::of(Tone::Plain, line)));
    let counts = [("followersCount", "followers"), ("followsCount", "following"), ("postsCount", "posts")];
    let counts = counts.iter().filter_map(|(key, name)| Some(format!("{} {name}", profile[*key].as_u64()?)));
    let counts = counts.collect::<Vec<_>>().join(", ");
    if !counts.is_empty() {
        lines.push(Line::of(Tone::Plain, counts));
    }
    let labels = profile["labels"].as_array().map(Vec::as_slice).unwrap_or_default();
    let labels: Vec<&str> = labels.iter().filter_map(|label| label["val"].as_str()).collect();
    if labels.contains(&profile::BOT_LABEL) {
        lines.push(Line::of(Tone::Warn, "Automated: a program writes for this account."));
    }
    if !labels.is_empty() {
        lines.push(Line::of(Tone::Plain, format!("Labels: {}", labels.join(", "))));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(profile: &Value) -> Vec<String> {
        lines(profile, 40).iter().map(Line::plain).collect()
    }

    #[test]
    fn a_profile_is_told_with_its_labels() {
        let profile = json!({
            "did": "did:plc:goose", "handle": "goose.test", "displayName": "Goose \u{1b}[31m",
            "description": "Tides of Kiel,\nevery hour", "followersCount": 3, "postsCount": 12,
            "labels": [{"val": "bot", "src": "did:plc:goose"}],
        });
        let told = shown(&profile);
        assert!(told[0].starts_with("Goose ") && told[0].ends_with("@goose.test") && !told[0].contains('\u{1b}'));
        assert_eq!(
            told[1..],
            [
                "did:plc:goose",
                "Tides of Kiel,",
                "every hour",
                "3 followers, 12 posts",
                "Automated: a program writes for this account.",
                "Labels: bot",
            ]
        );
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        assert_eq!(shown(&json!({"did": "did:plc:swan", "handle": "swan.test"})), ["@swan.test", "did:plc:swan"]);
    }
}
