//! `skein accounts remove`.

use serde_json::json;
use skein_atproto::syntax::Did;

use super::Named;
use crate::app::App;
use crate::exit::{Exit, Failure, sentence};
use crate::screen::{Line, Tone};

/// Disconnects an account that has nothing left to do, and ends its session.
pub(crate) async fn run(app: &App, named: &Named) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let account = house.intake.account_named(&named.account).await?;
    house.intake.remove_account(&account.id).await?;
    if let Ok(did) = Did::parse(&account.identity) {
        house.sessions.log_out(&did).await.map_err(|error| {
            Failure::system("session_not_forgotten", sentence(&error.to_string()))
                .leaving("The account is removed, but its session is still stored.")
        })?;
    }
    if app.screen.is_json() {
        app.screen.object(&json!({ "removed": account.id }));
    } else {
        app.screen.line(
            Line::of(Tone::Good, "Removed")
                .and(Tone::Plain, format!(" @{}. Its session is forgotten; what it published stays.", account.handle)),
        );
    }
    Ok(Exit::Done)
}
