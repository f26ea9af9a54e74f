//! What can be looked at from this machine: servers and their clocks.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use skein_atproto::syntax::Did;
use skein_domain::Account;
use skein_domain::ports::Clock;
use skein_net::{Call, Http, NetError, header};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use url::Url;

use super::Check;
use crate::config::{Config, NetworkConfig};
use crate::exit::sentence;
use crate::wiring::House;

/// How long each server is waited for; all are asked at the same time.
const ASK_FOR_S: u64 = 5;
const ANSWER_MAX_BYTES: usize = 1_000_000;
const CLOCK_OFF_MS: i64 = 2_000;

/// What a server said.
struct Answer {
    name: String,
    host: String,
    result: Result<(u16, Option<Timestamp>), String>,
    /// The middle of the time that asking took, by the clock of this machine.
    asked_at: Timestamp,
}

/// Who is asked: a name for the check, the address, and a client that may ask there.
pub(super) type Whom = (String, Url, Http);

/// Without certificate authorities nobody on the network can be believed.
pub(super) fn authorities(http: &Http) -> Option<Check> {
    let error = http.ready().err()?;
    Some(Check::failed("network", sentence(&error.to_string()), "Posts wait meanwhile."))
}

/// The directory and the `AppView`, which need no account.
pub(super) fn network(config: &Config, http: &Http) -> Vec<Whom> {
    let NetworkConfig { plc_url, appview_url, .. } = &config.network;
    vec![
        ("directory".to_owned(), plc_url.clone(), http.allowing(plc_url)),
        ("appview".to_owned(), appview_url.clone(), http.allowing(appview_url)),
    ]
}

/// The server of each account, each once.
pub(super) async fn servers(house: &House, accounts: &[Account]) -> Vec<Whom> {
    let mut hosts: BTreeMap<&str, (Url, Http)> = BTreeMap::new();
    for account in accounts {
        let (Ok(url), Ok(did)) = (Url::parse(&account.host), Did::parse(&account.identity)) else { continue };
        let http = house.sessions.reader(&did).await.map_or_else(|_| house.http.clone(), |xrpc| xrpc.http().clone());
        hosts.entry(&account.host).or_insert((url, http));
    }
    hosts.into_values().map(|(url, http)| ("server".to_owned(), url, http)).collect()
}

/// Whether the bucket of media files lets us in.
pub(super) async fn bucket(house: &House) -> Option<Check> {
    let (bucket, place) = (house.bucket.as_ref()?, house.config.bucket.as_ref()?.place());
    Some(match tokio::time::timeout(Duration::from_secs(ASK_FOR_S), bucket.ask()).await {
        Ok(Ok(())) => Check::ok("media", format!("{place} can be read and written.")),
        Ok(Err(error)) => Check::failed("media", sentence(&error.to_string()), ""),
        Err(_) => {
            let detail = format!("{place} gave no answer within {ASK_FOR_S} s.");
            Check::failed("media", detail, "Check AWS_ENDPOINT_URL, and whether the store runs.")
        }
    })
}

/// Asks them all at the same time, and compares clocks.
pub(super) async fn all(whom: Vec<Whom>, clock: &Arc<dyn Clock>) -> Vec<Check> {
    let mut asking = JoinSet::new();
    for (order, (name, url, http)) in whom.into_iter().enumerate() {
        let clock = Arc::clone(clock);
        asking.spawn(async move {
            let before = clock.now();
            let result = ask(&http, &url).await;
            let half = clock.now().duration_since(before) / 2;
            let asked_at = before.checked_add(half).unwrap_or(before);
            (order, Answer { name, host: place(&url), result, asked_at })
        });
    }
    let mut answers: Vec<(usize, Answer)> = asking.join_all().await;
    answers.sort_by_key(|(order, _)| *order);
    let answers: Vec<Answer> = answers.into_iter().map(|(_, answer)| answer).collect();
    let mut checks: Vec<Check> = answers.iter().map(reached).collect();
    checks.push(compared(&answers));
    checks
}

async fn ask(http: &Http, url: &Url) -> Result<(u16, Option<Timestamp>), String> {
    let health = url.join("/xrpc/_health").map_err(|error| error.to_string())?;
    let call = Call::get(health, Duration::from_secs(ASK_FOR_S));
    let asked = tokio::time::timeout(Duration::from_secs(ASK_FOR_S), http.fetch(call, ANSWER_MAX_BYTES)).await;
    let answer = asked.map_err(|_| format!("no answer within {ASK_FOR_S} s"))?.map_err(|error| reason(&error))?;
    let date = answer.headers.get(header::DATE).and_then(|date| date.to_str().ok());
    Ok((answer.status.as_u16(), date.and_then(|date| rfc2822::parse(date).ok()).map(|date| date.timestamp())))
}

/// Which step failed; the rest of a network error repeats the address.
fn reason(error: &NetError) -> String {
    match error {
        NetError::NotSent { cause, .. } => cause.to_string(),
        NetError::Unknown { cause, .. } => cause.to_string(),
        other => other.to_string(),
    }
}

/// The host, with its port where that is not the usual one.
fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn reached(answer: &Answer) -> Check {
    let (name, host) = (&answer.name, &answer.host);
    match &answer.result {
        Ok((status, _)) if *status < 500 => Check::ok(name, format!("{host} answers.")),
        Ok((status, _)) => {
            Check::warning(name, format!("{host} has trouble (HTTP {status})."), "Posts wait and are tried again.")
        }
        Err(reason) => Check::failed(
            name,
            format!("{host} cannot be reached: {}", format_args!("{reason}.")),
            "Check the network, SKEIN_DNS and SKEIN_ALLOW_PRIVATE; posts wait meanwhile.",
        ),
    }
}

/// The difference that the least distant server shows: one wrong clock elsewhere proves nothing about this one.
fn compared(answers: &[Answer]) -> Check {
    let off = |answer: &Answer| {
        let (_, date) = answer.result.as_ref().ok()?;
        Some((ahead_ms(answer.asked_at, (*date)?), answer.host.clone()))
    };
    match answers.iter().filter_map(off).min_by_key(|(ms, _)| ms.abs()) {
        None => Check::warning(
            "clock",
            "The clock could not be compared: no server answered with the time.",
            "Posts leave by this machine's clock; keep it synchronized.",
        ),
        Some((ms, host)) if ms.abs() > CLOCK_OFF_MS => {
            let side = if ms > 0 { "ahead of" } else { "behind" };
            let detail = format!("This clock is {} {side} that of {host}.", skein_domain::story::span(ms.abs()));
            Check::warning("clock", detail, "Posts leave by it; synchronize it (NTP).")
        }
        Some((_, host)) => {
            Check::ok("clock", format!("This clock agrees with that of {host}, as far as seconds tell."))
        }
    }
}

/// How far this clock is ahead, in milliseconds. The header has whole seconds, so within its second it agrees.
fn ahead_ms(here: Timestamp, there: Timestamp) -> i64 {
    let ms = i64::try_from(here.duration_since(there).as_millis()).unwrap_or(i64::MAX);
    match ms {
        0..1_000 => 0,
        1_000.. => ms - 999,
        _ => ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::Standing;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    fn answer(here_ms: i64, there_s: i64) -> Answer {
        let result = Ok((200, Some(at(there_s * 1_000))));
        Answer { name: "server".to_owned(), host: "pds.example".to_owned(), result, asked_at: at(here_ms) }
    }

    #[test]
    fn a_date_of_whole_seconds_agrees_within_its_second() {
        assert_eq!(ahead_ms(at(10_999), at(10_000)), 0);
        assert_eq!(ahead_ms(at(12_999), at(10_000)), 2_000);
        assert_eq!(ahead_ms(at(9_000), at(10_000)), -1_000);
    }

    #[test]
    fn a_clock_that_is_off_is_a_warning() {
        assert_eq!(compared(&[answer(10_500, 10)]).standing, Standing::Ok);
        assert_eq!(compared(&[answer(20_000, 10), answer(10_500, 10)]).standing, Standing::Ok);
        let told = compared(&[answer(20_000, 10)]);
        assert_eq!(
            (told.standing, told.detail.as_str()),
            (Standing::Warning, "This clock is 9.0 s ahead of that of pds.example.")
        );
        assert_eq!(compared(&[]).standing, Standing::Warning);
    }
}
