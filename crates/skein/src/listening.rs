//! The HTTP door of a process that stays: where it is, and what it can look at.

use async_trait::async_trait;
use skein_api::{BudgetLeft, Door, PoolUse, Readings};
use skein_bluesky::budget::{Gauge, host_of, is_held};
use skein_bluesky::session::Sessions;
use skein_domain::Account;
use skein_intake::Intake;
use skein_store::Store;
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use url::Url;

use crate::app::App;
use crate::config::{Variables, wrong};
use crate::exit::Failure;
use crate::render::limits::name_of;
use crate::screen::{Line, Tone};
use crate::wiring::House;

/// Where `skein serve` answers unless it is told otherwise.
const DEFAULT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7_534);

/// What somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listen {
    /// No door.
    Off,
    /// A door at this address.
    At(SocketAddr),
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        if given == "off" {
            return Ok(Self::Off);
        }
        let address = given.parse().map(Self::At);
        address.map_err(|_| format!("give `off`, or an address with its port, such as {DEFAULT}"))
    }
}

/// Where a process answers, and whether somebody said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    listen: Listen,
    /// The option or the variable that says it.
    said_by: Option<&'static str>,
}

impl Wanted {
    /// For a process that answers unless it is told otherwise.
    pub(crate) fn of_server(option: Option<Listen>, variables: &Variables) -> Result<Self, Failure> {
        Self::read(option, variables, Listen::At(DEFAULT))
    }

    /// For a process that answers only when it is told to.
    pub(crate) fn of_worker(option: Option<Listen>, variables: &Variables) -> Result<Self, Failure> {
        Self::read(option, variables, Listen::Off)
    }

    fn read(option: Option<Listen>, variables: &Variables, default: Listen) -> Result<Self, Failure> {
        if let Some(listen) = option {
            return Ok(Self { listen, said_by: Some("--listen") });
        }
        let name = "SKEIN_LISTEN";
        match variables.text(name)? {
            Some(text) => {
                let listen = text.parse().map_err(|why| wrong(name, format!("it is `{text}`: {why}")))?;
                Ok(Self { listen, said_by: Some(name) })
            }
            None => Ok(Self { listen: default, said_by: None }),
        }
    }

    /// Takes the address. Where nobody has asked for it and somebody else has it, the process does without: posts matter more.
    /// A process that is nothing but its door needs one.
    pub(crate) async fn open(self, app: &App, has_engine: bool) -> Result<Option<Door>, Failure> {
        let Listen::At(address) = self.listen else {
            let off =
                || wrong(self.said_by.unwrap_or("--listen"), "it is `off`, and --no-engine leaves nothing else to do");
            return if has_engine { Ok(None) } else { Err(off()) };
        };
        match Door::open(address).await {
            Ok(door) => Ok(Some(door)),
            Err(error) if self.said_by.is_none() && has_engine => {
                let told = does_without(address, &error);
                tracing::warn!("{told}");
                app.screen.line(Line::of(Tone::Warn, told));
                Ok(None)
            }
            Err(error) => {
                let name = self.said_by.unwrap_or("--listen");
                Err(wrong(name, format!("{} Give another address, or `off`", trouble(address, &error))))
            }
        }
    }
}

fn does_without(address: SocketAddr, error: &io::Error) -> String {
    format!(
        "{} This process publishes all the same, but answers no HTTP: give each its own address with --listen or SKEIN_LISTEN, or \
         turn it off with `off`.",
        trouble(address, error)
    )
}

fn trouble(address: SocketAddr, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => format!("{address} is taken by another process."),
        io::ErrorKind::AddrNotAvailable => format!("{address} is no address of this machine."),
        io::ErrorKind::PermissionDenied => format!("{address} may not be used by this user."),
        _ => format!("{address} cannot be opened: {error}."),
    }
}

/// Says where it answers.
pub(crate) fn tell(door: &Door, app: &App) {
    let address = door.address();
    tracing::info!(%address, "answers HTTP");
    app.screen.line(format!("Answers at http://{address}: /healthz, /readyz and /metrics."));
    if !address.ip().is_loopback() {
        app.screen.line(Line::of(Tone::Warn, "Whoever reaches this address can read that; it asks for no password."));
    }
}

/// What the door reads of a house.
pub(crate) struct HouseReadings {
    store: Arc<Store>,
    intake: Intake,
    sessions: Sessions,
}

impl HouseReadings {
    /// Of this one.
    pub(crate) fn of(house: &House) -> Self {
        Self { store: Arc::clone(&house.store), intake: house.intake.clone(), sessions: house.sessions.clone() }
    }
}

#[async_trait]
impl Readings for HouseReadings {
    fn pools(&self) -> Vec<PoolUse> {
        let pools = self.store.pool_usage().into_iter();
        pools.map(|pool| PoolUse { name: pool.name, open: pool.open, idle: pool.idle, at_most: pool.at_most }).collect()
    }

    async fn budgets(&self) -> Option<Vec<BudgetLeft>> {
        let unread = |error: &dyn std::fmt::Display| tracing::warn!(%error, "what is left of limits could not be read");
        let gauges = self.sessions.budget().gauges().await.inspect_err(|error| unread(error)).ok()?;
        let accounts = self.intake.accounts().await.inspect_err(|error| unread(error)).ok()?;
        let left = |gauge: &Gauge| BudgetLeft {
            limit: name_of(gauge),
            left_ratio: ratio(gauge.left, gauge.limit),
            is_low: gauge.is_low,
        };
        Some(that_hold(&gauges, &accounts).into_iter().map(left).collect())
    }
}

/// Of all gauges those that hold something back. Where a server has not shown that it counts, all is tallied and goes out: nobody need
/// be told that much of that is used.
fn that_hold<'a>(gauges: &'a [Gauge], accounts: &[Account]) -> Vec<&'a Gauge> {
    let host_of = |account: &Account| Some(host_of(&Url::parse(&account.host).ok()?));
    let hosts = accounts.iter().filter_map(|account| Some((account.identity.as_str(), host_of(account)?)));
    let hosts: HashMap<&str, String> = hosts.collect();
    let mut of_each: HashMap<&str, Vec<&Gauge>> = HashMap::new();
    for gauge in gauges {
        of_each.entry(gauge.meter.key()).or_default().push(gauge);
    }
    let holds = |gauge: &Gauge| {
        // Writes are counted for an account, by its server; all else for a server.
        let key = gauge.meter.key();
        let host = hosts.get(key).map_or(key, String::as_str);
        let shown = [key, host].into_iter().filter_map(|key| of_each.get(key)).flatten().copied();
        // One that refuses has nothing left, whatever was counted here.
        let refuses = gauge.left == 0 && gauge.used < gauge.limit;
        gauge.by_operator || refuses || is_held(&gauge.meter, host, shown)
    };
    gauges.iter().filter(|gauge| holds(gauge)).collect()
}

/// From 1 to 0.
#[expect(clippy::cast_precision_loss, reason = "points of a limit are thousands")]
fn ratio(left: u64, limit: u64) -> f64 {
    if limit == 0 { 0.0 } else { (left as f64 / limit as f64).min(1.0) }
}

#[cfg(test)]
mod tests {
    use skein_bluesky::budget::{Answered, Ceiling, Meter, Said, Tally, Told};
    use skein_testkit::Samples;
    use skein_testkit::samples::at_ms;

    use super::*;

    fn wanted(option: Option<&str>, variable: &str) -> Wanted {
        let variables = Variables::given(&[("SKEIN_LISTEN", variable)]);
        Wanted::of_server(option.map(|option| option.parse().unwrap()), &variables).unwrap()
    }

    #[test]
    fn the_option_goes_before_the_variable_and_that_before_the_default() {
        let address = |port| Listen::At(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let both = wanted(Some("127.0.0.1:1"), "127.0.0.1:2");
        assert_eq!((both.listen, both.said_by), (address(1), Some("--listen")));
        let variable = wanted(None, "127.0.0.1:2");
        assert_eq!((variable.listen, variable.said_by), (address(2), Some("SKEIN_LISTEN")));
        let default = wanted(None, "");
        assert_eq!((default.listen, default.said_by), (address(7_534), None));
        assert_eq!(wanted(Some("off"), "127.0.0.1:2").listen, Listen::Off);
        let nothing = Variables::given(&[]);
        assert_eq!(Wanted::of_worker(None, &nothing).unwrap().listen, Listen::Off);
    }

    #[test]
    fn an_address_that_is_none_is_refused_by_name() {
        for given in ["7534", "localhost:7534", "127.0.0.1", ":7534", "OFF"] {
            let refused = Wanted::of_worker(None, &Variables::given(&[("SKEIN_LISTEN", given)])).unwrap_err();
            let told = &refused.faults[0].message;
            let words = ["SKEIN_LISTEN cannot be used", given, "127.0.0.1:7534"];
            assert!(words.iter().all(|word| told.contains(word)), "{told}");
        }
    }

    /// What a meter shows after one answer.
    fn gauges_of(kind: &str, key: &str, told: Told) -> Vec<Gauge> {
        let (meter, now) = (Meter::parse(kind, key).unwrap(), at_ms(0));
        let mut tally = Tally::default();
        tally.settle(&meter, &Answered { reservation: None, points: 4_900, at: now, is_counted: true, told });
        let mut gauges = tally.gauges(&meter, now);
        gauges.extend(tally.gauges_under(Ceiling { points_per_hour: Some(5_000), points_per_day: None }, &meter, now));
        gauges
    }

    #[test]
    fn limits_that_hold_nothing_back_are_not_told() {
        let samples = Samples::new(1);
        let at = |host: &str| Account { host: host.to_owned(), ..samples.account("goose.example") };
        let hosts = ["pds.example", "bsky.social", "counts.example", "refuses.example", "uploads.example"];
        let hosts = hosts.map(|host| format!("https://{host}"));
        let accounts = hosts.each_ref().map(|host| at(host));
        let said = Said { limit: 3_000, remaining: 2_000, window_s: 300, resets_at: at_ms(60_000) };
        let counts = Told { said: Some(said), closed_until: None };
        let refuses = Told { said: None, closed_until: Some(at_ms(60_000)) };
        let mut gauges = Vec::new();
        for account in &accounts {
            let told = if account.host.contains("refuses") { refuses } else { Told::default() };
            gauges.extend(gauges_of("writes", &account.identity, told));
        }
        gauges.extend(gauges_of("calls", "counts.example", counts));
        gauges.extend(gauges_of("calls", "pds.example", Told::default()));
        // What a server shows of uploads holds no writes back.
        let of_uploads =
            Told { said: Some(Said { limit: 1_000, window_s: 86_400, remaining: 9, ..said }), closed_until: None };
        gauges.extend(gauges_of("uploads", "uploads.example", of_uploads));
        // An account that was removed since.
        gauges.extend(gauges_of("writes", "did:plc:gone", Told::default()));

        let told: Vec<_> = that_hold(&gauges, &accounts).iter().map(|g| (g.meter.key(), name_of(g))).collect();
        let [pds, bluesky, counts, refuses, uploads] = accounts.each_ref().map(|account| account.identity.as_str());
        let mut expected = vec![(pds, "ceiling_per_hour")];
        for key in [bluesky, counts, refuses] {
            expected.extend(["writes_per_hour", "writes_per_day", "ceiling_per_hour"].map(|name| (key, name)));
        }
        expected.push((uploads, "ceiling_per_hour"));
        expected.extend([("counts.example", "calls_per_five_minutes"), ("uploads.example", "uploads_per_day")]);
        expected.push(("did:plc:gone", "ceiling_per_hour"));
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_left_is_a_part_of_the_limit() {
        for (left, limit, expected) in [(5_000, 5_000, 1.0), (0, 5_000, 0.0), (1_250, 5_000, 0.25), (3, 0, 0.0)] {
            assert!((ratio(left, limit) - expected).abs() < f64::EPSILON, "{left} of {limit}");
        }
    }
}
