//! `skein accounts list`.

use skein_domain::{Account, Standing};

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::screen::{Line, Tone};
use crate::text::{columns, wrap};

/// Prints who is connected.
pub(crate) async fn run(app: &App) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let accounts = house.intake.accounts().await?;
    if app.screen.is_json() {
        app.screen.object(&accounts);
    } else if accounts.is_empty() {
        app.screen.line("No account is connected. Connect one: `skein login HANDLE`.");
    } else {
        app.screen.lines(table(&accounts, app.screen.width()));
    }
    Ok(Exit::Done)
}

fn table(accounts: &[Account], width: usize) -> Vec<Line> {
    let mut rows = vec![["account", "standing", "server", "identity"].map(str::to_owned).to_vec()];
    rows.extend(accounts.iter().map(|account| {
        let standing = match (&account.standing, account.held) {
            (_, true) => "held",
            (Standing::NeedsReconnect { .. }, _) => "needs login",
            (Standing::Active, false) => "active",
        };
        vec![format!("@{}", account.handle), standing.to_owned(), account.host.clone(), account.identity.clone()]
    }));
    let mut set = columns(&rows).into_iter();
    let mut lines: Vec<Line> = set.next().map(|head| Line::of(Tone::Faint, head)).into_iter().collect();
    for (account, row) in accounts.iter().zip(set) {
        lines.push(Line::from(row));
        if let Standing::NeedsReconnect { fault } = &account.standing {
            let reason = wrap(&fault.to_string(), width - 4);
            lines.extend(reason.into_iter().map(|text| Line::from("    ").and(Tone::Warn, text)));
        }
    }
    lines
}
