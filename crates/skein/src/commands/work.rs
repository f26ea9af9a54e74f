//! `skein work`: a worker beside others on the same database, or one pass for cron and timers.

use jiff::SignedDuration;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::serve::{self, Does};
use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::listening::{Listen, Wanted};
use crate::text::count;
use crate::wiring::House;

/// The longest time that one pass may be given.
const FOR_MOST_S: i64 = 3_600;

/// The command line of `work`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Do what is due, then end. Without it the worker stays until Ctrl-C; start as many as there is work for, on any machine
    /// that reaches the database, with the same master key
    #[arg(long)]
    pub(crate) once: bool,
    /// Stay so long for what becomes due meanwhile, such as 50s for a timer that starts every minute
    #[arg(long = "for", value_name = "TIME", requires = "once", value_parser = span)]
    pub(crate) stay: Option<SignedDuration>,
    /// Where it answers.
    #[arg(
        long,
        value_name = "IP:PORT",
        conflicts_with = "once",
        help = "Answer /healthz, /readyz and /metrics there, or `off` [default: SKEIN_LISTEN, else off]"
    )]
    pub(crate) listen: Option<Listen>,
}

fn span(text: &str) -> Result<SignedDuration, String> {
    let most = SignedDuration::from_secs(FOR_MOST_S);
    match text.parse::<SignedDuration>() {
        Ok(span) if span >= SignedDuration::ZERO && span <= most => Ok(span),
        Ok(_) => Err("give a time from 0s to 1h".to_owned()),
        Err(_) => Err("give a number and a unit, such as 50s or 5m".to_owned()),
    }
}

/// Runs a worker until Ctrl-C, or one pass.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    if !args.once {
        let wanted = Wanted::of_worker(args.listen, &app.variables)?;
        return serve::run_as(app, Does::WorksOn, wanted).await;
    }
    let house = app.house().await?;
    match args.stay {
        None => {
            let steps = house.telling_engine()?.run_due().await?;
            if app.screen.is_json() {
                app.screen.object(&json!({ "steps": steps }));
            } else {
                app.screen.line(if steps == 0 {
                    "Nothing was due.".to_owned()
                } else {
                    format!("Did {}; `skein queue list` shows what waits.", count(steps, "step", "steps"))
                });
            }
        }
        Some(stay) => stay_for(&house, stay).await?,
    }
    Ok(Exit::Done)
}

async fn stay_for(house: &House, stay: SignedDuration) -> Result<(), Failure> {
    let engine = house.telling_engine()?;
    let stop = CancellationToken::new();
    let second = serve::stop_on_signals(&stop)?;
    let until = house.clock.now().checked_add(stay).unwrap_or(jiff::Timestamp::MAX);
    let (clock, at_the_end) = (house.clock.clone(), stop.clone());
    tokio::spawn(async move {
        clock.sleep_until(until).await;
        at_the_end.cancel();
    });
    tokio::select! {
        ended = engine.run(stop) => Ok(ended?),
        () = second.cancelled() => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_and_a_bound() {
        assert_eq!(span("50s"), Ok(SignedDuration::from_secs(50)));
        assert_eq!(span("5m"), Ok(SignedDuration::from_secs(300)));
        for wrong in ["50", "2h", "-1s", "soon", ""] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
