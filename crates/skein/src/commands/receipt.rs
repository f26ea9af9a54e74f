//! `skein receipt`: the proof that a post was published.

use skein_domain::{Category, Fault, Receipt};

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::render::{outcome, receipt};
use crate::screen::Line;

/// The command line of `receipt`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The post: its id, the beginning of it, or last
    pub(crate) post: String,
}

/// Prints the receipts of a post: one object for one account, an array for several.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let post = house.intake.find_post(&args.post).await?;
    let view = house.intake.view(post, Vec::new()).await?;
    let receipts: Vec<(&str, &Receipt)> = view
        .deliveries
        .iter()
        .filter_map(|delivery| Some((delivery.account.as_str(), delivery.receipt.as_ref()?)))
        .collect();
    if receipts.is_empty() {
        if !app.screen.is_json() {
            let alive = house.intake.engine_is_alive().await?;
            app.screen.lines(outcome::delivered(&view, alive, &app.eye(&house)));
            return Ok(Exit::Failed);
        }
        let message =
            format!("The post {} is not published: it is {}.", view.id, view.status.as_str().replace('_', " "));
        let fault = Fault::new("not_published", Category::UserContent, message);
        return Err(Failure::new(Exit::Failed, fault, "").next(format!("See `skein queue show {}`.", view.id)));
    }
    if app.screen.is_json() {
        match receipts.as_slice() {
            [(_, one)] => app.screen.object(one),
            several => app.screen.object(&several.iter().map(|(_, receipt)| receipt).collect::<Vec<_>>()),
        }
    } else {
        for (index, (account, proof)) in receipts.iter().enumerate() {
            if index > 0 {
                app.screen.line(Line::blank());
            }
            app.screen.lines(receipt::receipt(account, proof, &app.eye(&house)));
        }
    }
    Ok(Exit::Done)
}
