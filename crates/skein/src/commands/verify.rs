//! `skein verify`: checks what anybody can check of a post, from a file of `skein receipt --proof` or at the server now.

use serde_json::{Value, json};
use skein_atproto::proof::Verified;
use skein_bluesky::Environment;
use skein_bluesky::identity::Identities;
use skein_domain::ports::Clock;
use skein_domain::{Category, Fault};
use std::path::Path;

use crate::app::App;
use crate::clock::SystemClock;
use crate::commands::receipt::published;
use crate::exit::{Exit, Failure, NOTHING_CHANGED};
use crate::proof::{self, CheckedAccount, KeyStanding, ProofFile, Vouched};
use crate::render::proof::{limits, proven};
use crate::render::times::Eye;
use crate::screen::Line;
use crate::wiring::network_client;

/// The command line of `verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A file of `skein receipt --proof` (- for standard input), or a post: its id, the beginning of it, or last
    #[arg(value_name = "FILE|POST")]
    pub(crate) what: String,
    /// Ask nobody: a file is checked by itself, and whose key signed it is left open
    #[arg(long)]
    pub(crate) offline: bool,
}

/// Checks the proofs and tells what they prove. A file needs no account, no database and no key here.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let file = match (is_file(&args.what), args.offline) {
        (true, _) => proof::read(&args.what)?,
        (false, false) => match asked_now(app, &args.what).await? {
            Ok(file) => file,
            Err(exit) => return Ok(exit),
        },
        (false, true) => {
            let message = format!("`{}` is no file, and the proof of a post is asked at its server.", args.what);
            let fault = Fault::new("usage", Category::UserContent, message);
            return Err(Failure::new(Exit::Usage, fault, NOTHING_CHANGED)
                .next("Give the path of a file, or leave out `--offline`."));
        }
    };
    let accounts = match proof::check(&file) {
        Ok(accounts) => accounts,
        Err(faults) => return Ok(not_valid(app, faults)),
    };
    let mut faults = Vec::new();
    let mut told = Vec::new();
    let identities = if args.offline { None } else { Some(identities(app)?) };
    for account in accounts {
        match &identities {
            None => told.push((account, Vouched::by_nobody())),
            Some(identities) => match proof::vouch(identities, &account).await? {
                Ok(vouched) => told.push((account, vouched)),
                Err(fault) => faults.push(fault),
            },
        }
    }
    if !faults.is_empty() {
        return Ok(not_valid(app, faults));
    }
    show(app, &file, &told)?;
    Ok(Exit::Done)
}

/// Names of files hold a dot or a slash, which no id does.
fn is_file(what: &str) -> bool {
    what == "-" || what.contains(['/', '.']) || Path::new(what).is_file()
}

async fn asked_now(app: &App, post: &str) -> Result<Result<ProofFile, Exit>, Failure> {
    let house = app.house().await?;
    match published(app, &house, post).await? {
        Ok(view) => Ok(Ok(proof::gather(&house, &view).await?)),
        Err(exit) => Ok(Err(exit)),
    }
}

fn identities(app: &App) -> Result<Identities, Failure> {
    let network = app.config()?.network;
    let http = network_client(&network.net)?;
    let environment =
        Environment { plc_url: network.plc_url, appview_url: network.appview_url, video_url: network.video_url };
    Ok(Identities::new(http, environment))
}

fn not_valid(app: &App, faults: Vec<Fault>) -> Exit {
    if app.screen.is_json() {
        app.screen.object(&json!({ "valid": false, "errors": faults }));
    } else {
        app.tell(&Failure { exit: Exit::Failed, faults, aftermath: "This is not proven.".to_owned() });
    }
    Exit::Failed
}

fn show(app: &App, file: &ProofFile, told: &[(CheckedAccount, Vouched)]) -> Result<(), Failure> {
    if app.screen.is_json() {
        let accounts: Vec<Value> = told.iter().map(|(account, vouched)| as_json(account, vouched)).collect();
        app.screen.object(&json!({
            "valid": true, "post": file.post, "made_at": file.made_at, "accounts": accounts, "errors": []
        }));
        return Ok(());
    }
    let eye = Eye { now: SystemClock.now(), zone: app.config()?.zone, width: app.screen.width() };
    for (index, (account, vouched)) in told.iter().enumerate() {
        if index > 0 {
            app.screen.line(Line::blank());
        }
        app.screen.lines(proven(account, vouched, &eye));
    }
    app.screen.lines(limits(&eye));
    Ok(())
}

fn as_json(account: &CheckedAccount, vouched: &Vouched) -> Value {
    let (standing, until) = match vouched.standing {
        KeyStanding::NotAsked => ("not_asked", None),
        KeyStanding::Current => ("current", None),
        KeyStanding::Former { until } => ("former", Some(until)),
    };
    let records: Vec<Value> = account
        .records
        .iter()
        .map(|record| {
            let Verified { commit, rev, record: cid, value, .. } = &record.proven;
            json!({ "uri": record.uri, "cid": cid, "commit": commit, "rev": rev, "rev_at": record.revised_at, "record": value })
        })
        .collect();
    json!({
        "did": account.did, "handle": vouched.handle, "said_handle": account.said_handle, "key": account.key.as_str(),
        "key_standing": standing, "key_until": until, "records": records
    })
}
