//! `skein receipt`: the proof that a post was published, for oneself, or for strangers.

use serde::Serialize;
use serde_json::json;
use skein_domain::{Category, Fault, Receipt, ShownPolicy, StateName};
use skein_intake::PostView;
use std::path::PathBuf;

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::proof::{self, ProofFile};
use crate::render::{outcome, receipt};
use crate::screen::{Line, Tone};
use crate::text::count;
use crate::wiring::House;

/// The command line of `receipt`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The post: its id, the beginning of it, or last
    pub(crate) post: String,
    /// Write a file that anybody can check with `skein verify`: the receipt, with each record's signed proof
    #[arg(long)]
    pub(crate) proof: bool,
    /// Where the proof goes.
    #[arg(
        short,
        long,
        value_name = "FILE",
        requires = "proof",
        help = "Where the proof goes; - for standard output [default: receipt-RKEY.json]"
    )]
    pub(crate) output: Option<PathBuf>,
}

/// Prints the receipts of a post: one object for one account, an array for several.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let view = match published(app, &house, &args.post).await? {
        Ok(view) => view,
        Err(exit) => return Ok(exit),
    };
    if args.proof {
        let file = proof::gather(&house, &view).await?;
        return hand_over(app, &file, args.output);
    }
    let receipts = receipts(&view);
    let is_removed = |account: &str| {
        view.deliveries.iter().any(|delivery| delivery.account == account && delivery.state == StateName::Removed)
    };
    if app.screen.is_json() {
        match receipts.as_slice() {
            [one] => app.screen.object(one),
            several => app.screen.object(&several),
        }
    } else {
        for (index, shown) in receipts.iter().enumerate() {
            if index > 0 {
                app.screen.line(Line::blank());
            }
            app.screen.lines(receipt::receipt(shown.account, shown.receipt, &app.eye(&house)));
            if shown.says_policy {
                app.screen.line(receipt::labelled("policy", &shown.policy.sentence()));
            }
            if is_removed(shown.account) {
                app.screen.line(Line::of(Tone::Warn, "Taken back since: it is no longer public."));
            }
        }
    }
    Ok(Exit::Done)
}

/// A receipt, with what was to hold had the post been late or failed.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(skip)]
    account: &'a str,
    #[serde(flatten)]
    receipt: &'a Receipt,
    #[serde(flatten)]
    policy: &'a ShownPolicy,
    #[serde(skip)]
    says_policy: bool,
}

fn receipts(view: &PostView) -> Vec<Shown<'_>> {
    let of_all = view.deliveries.iter().filter_map(|delivery| {
        let receipt = delivery.receipt.as_ref()?;
        let (account, policy) = (delivery.account.as_str(), &delivery.policy);
        Some(Shown { account, receipt, policy, says_policy: delivery.says_policy })
    });
    of_all.collect()
}

/// The post, if any account has published it; otherwise where it stands is told.
pub(crate) async fn published(app: &App, house: &House, post: &str) -> Result<Result<PostView, Exit>, Failure> {
    let post = house.intake.find_post(post).await?;
    let view = house.intake.view(post, Vec::new()).await?;
    if !receipts(&view).is_empty() {
        return Ok(Ok(view));
    }
    if !app.screen.is_json() {
        let alive = house.intake.engine_is_alive().await?;
        app.screen.lines(outcome::delivered(&view, alive, &app.eye(house)));
        return Ok(Err(Exit::Failed));
    }
    let message = format!("The post {} is not published: it is {}.", view.id, view.status.as_str().replace('_', " "));
    let fault = Fault::new("not_published", Category::UserContent, message);
    Err(Failure::new(Exit::Failed, fault, "").next(format!("See `skein queue show {}`.", view.id)))
}

fn hand_over(app: &App, file: &ProofFile, output: Option<PathBuf>) -> Result<Exit, Failure> {
    let path = output.unwrap_or_else(|| PathBuf::from(usual_name(file)));
    if path.as_os_str() == "-" {
        app.screen.object(file);
        return Ok(Exit::Done);
    }
    proof::write(&path, file)?;
    let records = file.accounts.iter().map(|account| account.proofs.len()).sum();
    let name = path.display().to_string();
    if app.screen.is_json() {
        app.screen.object(&json!({ "file": name, "post": file.post, "made_at": file.made_at, "records": records }));
    } else {
        let proofs = count(records, "record", "records");
        app.screen
            .line(Line::of(Tone::Good, "Written").and(Tone::Plain, format!(": {name}, the signed proof of {proofs}.")));
        app.screen.line(format!("Anybody can check it, without this installation: `skein verify {name}`."));
    }
    Ok(Exit::Done)
}

/// `receipt-3k….json`, after the first record.
fn usual_name(file: &ProofFile) -> String {
    let first = file.accounts.first().and_then(|account| account.proofs.first());
    let rkey = first.and_then(|record| record.uri.rsplit('/').next());
    let safe: String = rkey.unwrap_or("proof").chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    format!("receipt-{safe}.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::samples;

    #[test]
    fn a_file_is_named_for_its_first_record_and_stays_in_the_folder() {
        let mut file = samples::file();
        let rkey = file.accounts[0].proofs[0].uri.rsplit('/').next().unwrap().to_owned();
        assert_eq!(usual_name(&file), format!("receipt-{rkey}.json"));
        file.accounts[0].proofs[0].uri = "at://x/y/..~a:b".to_owned();
        assert_eq!(usual_name(&file), "receipt-ab.json");
        file.accounts.clear();
        assert_eq!(usual_name(&file), "receipt-proof.json");
    }
}
