//! `skein doctor`: what works, what does not, and what to do. One line a check, in seconds, also without a network.

mod local;
mod remote;

use serde::Serialize;
use serde_json::json;
use skein_domain::Fault;
use skein_domain::ports::Clock;
use skein_net::Http;
use std::sync::Arc;

use crate::app::App;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::screen::{Line, Tone};
use crate::text::wrap;
use crate::wiring::House;

/// How good a check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    Ok,
    Warning,
    Failed,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Check {
    name: String,
    standing: Standing,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl Check {
    fn ok(name: &str, detail: impl Into<String>) -> Self {
        Self { name: name.to_owned(), standing: Standing::Ok, detail: detail.into(), next: None }
    }

    fn warning(name: &str, detail: impl Into<String>, next: impl Into<String>) -> Self {
        Self { standing: Standing::Warning, next: Some(next.into()), ..Self::ok(name, detail) }
    }

    fn failed(name: &str, detail: impl Into<String>, next: impl Into<String>) -> Self {
        Self { standing: Standing::Failed, ..Self::warning(name, detail, next) }
    }
}

/// Looks at everything, and tells.
pub(crate) async fn run(app: &App) -> Result<Exit, Failure> {
    let config = app.config()?;
    let mut checks = vec![local::zones(&config)];
    match House::open(config.clone(), &app.hooks).await {
        Ok(house) => {
            checks.extend(all(&config, &house).await);
            house.recorder.flush().await;
        }
        Err(failure) => checks.extend(without_a_house(&config, &failure).await),
    }
    let failed = checks.iter().any(|check| check.standing == Standing::Failed);
    if app.screen.is_json() {
        app.screen.object(&json!({ "checks": checks }));
    } else {
        app.screen.lines(checks.iter().flat_map(|check| lines(check, app.screen.width())));
    }
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

async fn all(config: &Config, house: &House) -> Vec<Check> {
    let mut checks = vec![local::key(config), local::database(house).await, local::disk(config)];
    checks.push(local::engine(house).await);
    checks.push(local::notices(house).await);
    checks.extend(remote::bucket(house).await);
    let accounts = house.intake.accounts().await;
    checks.extend(local::accounts(&accounts));
    checks.extend(remote::authorities(&house.http));
    let mut whom = remote::network(config, &house.http);
    whom.extend(remote::servers(house, &accounts.unwrap_or_default()).await);
    checks.extend(remote::all(whom, &house.clock).await);
    checks
}

/// What can be looked at although key or database cannot be used: who waits for them needs to know the rest too.
async fn without_a_house(config: &Config, failure: &Failure) -> Vec<Check> {
    let next = |fault: &Fault| fault.next_step.clone().unwrap_or_default();
    let of_fault = |fault: &Fault| Check::failed(&fault.code, &fault.message, next(fault));
    let mut checks: Vec<Check> = failure.faults.iter().map(of_fault).collect();
    checks.push(local::disk(config));
    // Where the network's own set-up is what failed, it is told already.
    if let Ok(http) = Http::new(config.network.net.clone()) {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        checks.extend(remote::all(remote::network(config, &http), &clock).await);
    }
    checks
}

const NAME_WIDTH: usize = 12;
const INDENT: usize = 9 + NAME_WIDTH;

fn lines(check: &Check, width: usize) -> Vec<Line> {
    let (tone, word) = match check.standing {
        Standing::Ok => (Tone::Good, "ok"),
        Standing::Warning => (Tone::Warn, "warning"),
        Standing::Failed => (Tone::Bad, "failed"),
    };
    let text = match &check.next {
        Some(next) if !next.is_empty() => format!("{} {next}", check.detail),
        _ => check.detail.clone(),
    };
    wrap(&text, width - INDENT)
        .into_iter()
        .enumerate()
        .map(|(index, text)| match index {
            0 => Line::of(tone, format!("{word:9}")).and(Tone::Plain, format!("{:NAME_WIDTH$}{text}", check.name)),
            _ => Line::from(format!("{}{text}", " ".repeat(INDENT))),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::plain;

    #[test]
    fn a_check_is_a_line_with_what_to_do() {
        assert_eq!(plain(&lines(&Check::ok("disk", "12 GB are free."), 100)), "ok       disk        12 GB are free.");
        let warning = Check::warning("engine", "Nothing is running.", "Start `skein serve`.");
        assert_eq!(plain(&lines(&warning, 100)), "warning  engine      Nothing is running. Start `skein serve`.");
    }
}
