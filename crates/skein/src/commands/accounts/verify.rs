//! `skein accounts verify`.

use serde_json::{Value, json};
use skein_atproto::syntax::Did;
use skein_bluesky::session::SessionError;
use skein_domain::Account;

use crate::app::App;
use crate::commands::hold;
use crate::exit::{Exit, Failure, sentence};
use crate::screen::{Line, Tone};
use crate::wiring::House;

/// Asks each account's server whether the session works.
pub(crate) async fn run(app: &App, args: hold::Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let accounts = match args.account {
        Some(name) => vec![house.intake.account_named(&name).await?],
        None => house.intake.accounts().await?,
    };
    let mut exit = Exit::Done;
    let mut told: Vec<Value> = Vec::new();
    for account in &accounts {
        let trouble = ask(&house, account).await.err();
        if trouble.is_some() {
            exit = Exit::Account;
        }
        let works = trouble.is_none();
        app.screen.line(line(account, trouble.as_deref()));
        told.push(json!({ "account": account.handle, "id": account.id, "works": works, "reason": trouble }));
    }
    if app.screen.is_json() {
        app.screen.object(&told);
    } else if accounts.is_empty() {
        app.screen.line("No account is connected. Connect one: `skein login HANDLE`.");
    }
    Ok(exit)
}

async fn ask(house: &House, account: &Account) -> Result<(), String> {
    let did = Did::parse(&account.identity).map_err(|error| sentence(&error.to_string()))?;
    let asked = house.sessions.call(&did, |me| async move { me.get("com.atproto.server.getSession", &[]).await }).await;
    asked.map(drop).map_err(|error: SessionError| {
        let login =
            if error.is_transient() { String::new() } else { format!(" Run `skein login {}`.", account.handle) };
        format!("{}{login}", sentence(&error.to_string()))
    })
}

fn line(account: &Account, trouble: Option<&str>) -> Line {
    let name = format!("@{}", account.handle);
    match trouble {
        None => Line::of(Tone::Good, "works   ").and(Tone::Plain, format!("{name} at {}", account.host)),
        Some(why) => Line::of(Tone::Bad, "fails   ").and(Tone::Plain, format!("{name}: {why}")),
    }
}
