//! `skein profile`: what others see of an account, and the mark of accounts that a program writes for.

use jiff::Timestamp;
use serde_json::{Value, json};
use skein_bluesky::Did;
use skein_bluesky::journal::{JournalError, ProfileJournal};
use skein_bluesky::profile::{self, Profile, ProfileError, Profiles};
use skein_bluesky::session::{Authorized, SessionError};
use skein_bluesky::xrpc::CallError;
use skein_domain::{Category, Fault};

use super::call::failed;
use crate::app::App;
use crate::exit::{Exit, Failure, NOTHING_CHANGED, sentence};
use crate::screen::{Line, Tone};
use crate::text::{count, wrap};
use crate::wiring::{House, now_of};

/// The command line of `profile`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Whose, by handle or DID [default: the connected account's]
    #[arg(value_name = "HANDLE", conflicts_with_all = ["bot", "account"])]
    pub(crate) actor: Option<String>,
    /// Ask anew, whatever is remembered; profiles of connected accounts always are
    #[arg(long, conflicts_with = "bot")]
    pub(crate) refresh: bool,
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
    let (actor, is_own) = match &args.actor {
        Some(actor) => (actor.clone(), house.is_connected(actor).await?),
        None => (house.acting(args.account.as_deref()).await?.to_string(), true),
    };
    let profiles = house.known_profiles();
    // The own one changes by what the account does itself.
    let asked = if args.refresh || is_own { profiles.refreshed(&actor).await } else { profiles.get(&actor).await };
    let profile = asked.map_err(|error| not_shown(error, &actor, house.clock.now()))?;
    if app.screen.is_json() {
        app.screen.object(&told(&profile));
        return Ok(Exit::Done);
    }
    app.screen.lines(lines(&profile.view, app.screen.width()));
    if let Some(before) = &profile.handle_was_of {
        let words = format!("This handle was seen before as {before}: it belongs to another account now.");
        app.screen.note(Line::of(Tone::Warn, words));
    }
    if profile.is_kept {
        let ago = passed(profile.asked_at, house.clock.now());
        app.screen.note(Line::of(Tone::Faint, format!("Remembered from {ago}; `--refresh` asks anew.")));
    }
    Ok(Exit::Done)
}

/// The profile as the app view shows it, and since when it is known.
fn told(profile: &Profile) -> Value {
    let mut told = profile.view.clone();
    if let Some(members) = told.as_object_mut() {
        members.insert("asked_at".to_owned(), json!(profile.asked_at));
        members.insert("is_kept".to_owned(), json!(profile.is_kept));
        if let Some(before) = &profile.handle_was_of {
            members.insert("handle_was_of".to_owned(), json!(before.as_str()));
        }
    }
    told
}

/// Roughly, as people say it.
fn passed(since: Timestamp, now: Timestamp) -> String {
    match now.duration_since(since).as_secs() {
        ..60 => "less than a minute ago".to_owned(),
        s @ 60..7_200 => format!("{} ago", count(usize::try_from(s / 60).unwrap_or_default(), "minute", "minutes")),
        s => format!("{} hours ago", s / 3_600),
    }
}

fn not_shown(error: ProfileError, actor: &str, now: Timestamp) -> Failure {
    match error {
        ProfileError::Actor(error) => {
            let fault = Fault::content("actor_invalid", "actor", sentence(&error.to_string())).given(actor);
            Failure::new(Exit::Usage, fault, "")
        }
        ProfileError::Gone { gone, asked_at, is_kept, .. } => {
            let code = format!("account_{}", gone.as_str());
            let fault = Fault::new(code, Category::PlatformRejected, sentence(&error.to_string())).given(actor);
            let failure = Failure::new(Exit::Failed, fault, "");
            let ago = passed(asked_at, now);
            if is_kept { failure.next(format!("Remembered from {ago}; `--refresh` asks anew.")) } else { failure }
        }
        ProfileError::Call(error) => failed(&SessionError::Call(error)),
        ProfileError::Journal(error) => unremembered(&error),
    }
}

fn unremembered(error: &JournalError) -> Failure {
    Failure::system("database", sentence(&error.to_string()))
}

impl House {
    /// The profiles of anybody, remembered in the database.
    pub(crate) fn known_profiles(&self) -> Profiles {
        let (xrpc, appview) = self.reader();
        let profiles = Profiles::new(xrpc, appview.clone(), self.journal.clone(), now_of(&self.clock));
        profiles.within(self.sessions.budget().clone())
    }

    /// Whether that is one of the connected accounts, by handle or DID.
    async fn is_connected(&self, actor: &str) -> Result<bool, Failure> {
        let name = actor.trim();
        let name = name.strip_prefix('@').unwrap_or(name);
        let accounts = self.intake.accounts().await?;
        Ok(accounts.iter().any(|account| account.identity == name || account.handle.eq_ignore_ascii_case(name)))
    }

    /// How people call a connected account, without asking anybody: its handle as it was last seen.
    async fn called(&self, did: &Did) -> Result<String, Failure> {
        let seen = self.journal.profile(&did.clone().into()).await.map_err(|error| unremembered(&error))?;
        if let Some(handle) = seen.and_then(|kept| kept.handle) {
            return Ok(format!("@{handle}"));
        }
        let accounts = self.intake.accounts().await?;
        let own = accounts.into_iter().find(|account| account.identity == did.as_str());
        Ok(own.map_or_else(|| did.to_string(), |account| format!("@{}", account.handle)))
    }
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
    let called = house.called(&did).await?;
    if app.screen.is_json() {
        let told = json!({
            "account": did.as_str(),
            "handle": called.trim_start_matches('@'),
            "bot": is_bot,
            "changed": changed.is_some(),
            "created": changed.is_some() && before.is_none(),
        });
        app.screen.object(&told);
    } else {
        app.screen.line(match (changed, is_bot) {
            (Some(_), true) => {
                Line::of(Tone::Good, format!("{called} is marked as automated: its profile says `bot`."))
            }
            (Some(_), false) => Line::of(Tone::Good, format!("{called} is no longer marked as automated.")),
            (None, true) => Line::from(format!("{called} was marked as automated before. {NOTHING_CHANGED}")),
            (None, false) => Line::from(format!("{called} was not marked as automated. {NOTHING_CHANGED}")),
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
