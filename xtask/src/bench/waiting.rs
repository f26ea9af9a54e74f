//! Two thousand posts that wait beside a million: what the ledger's hot operations take.

use anyhow::Context;
use serde_json::Value;

use super::race::Contender;
use super::samples::ratio;
use super::section::{Aim, Section};
use super::{Ground, machine};
use crate::debian;
use crate::unattended::said;

const FEW: u32 = 2_000;
const MANY: u32 = 1_000_000;
const TIMES: u32 = 2_000;
const DATABASES: [(&str, &str); 2] = [("SQLite", "sqlite"), ("PostgreSQL", "postgres")];
const OPERATIONS: [&str; 5] = ["claim", "wake-up", "page", "page of an account", "insert"];
const PERCENTILES: [(&str, &str); 2] = [("p50", "p50_us"), ("p99", "p99_us")];
/// With a million it may take so many times as long.
const TIMES_AS_LONG: u64 = 2;

pub(super) fn run(ground: &Ground<'_>) -> anyhow::Result<Section> {
    debian::install_servers(&debian::SERVERS)?;
    let program = ground.build(["--package", "skein-store", "--example", "waiting"])?.join("examples/waiting");
    let quiet = machine::wait_until_quiet()?;
    let mut found = Vec::new();
    for (name, kind) in DATABASES {
        let of = |waiting: u32| {
            println!("  {name}, {waiting} posts");
            let contender = Contender::of(name, &program).argument(kind).argument(waiting.to_string());
            let line = said(&mut contender.argument(TIMES.to_string()).command())?;
            serde_json::from_str::<Value>(&line).with_context(|| format!("no JSON: {line}"))
        };
        found.push((name, of(FEW)?, of(MANY)?));
    }
    section(&found, vec![quiet])
}

fn section(found: &[(&str, Value, Value)], mut notes: Vec<String>) -> anyhow::Result<Section> {
    let (mut rows, mut aims) = (Vec::new(), Vec::new());
    for (database, few, many) in found {
        for operation in OPERATIONS {
            let mut row = vec![(*database).to_owned(), operation.to_owned()];
            let mut worst = 0;
            for (name, field) in PERCENTILES {
                let us =
                    |of: &Value| of[operation][field].as_u64().with_context(|| format!("{operation} has no {name}"));
                let (few, many) = (us(few)?, us(many)?);
                row.extend([format!("{few} µs"), format!("{many} µs")]);
                worst = worst.max(many * 100 / few.max(1));
            }
            rows.push(row);
            aims.push(Aim {
                what: format!("{database}, {operation}: at most {TIMES_AS_LONG} times as long with a million"),
                reached: format!("{} times", ratio(worst, 100)),
                holds: worst <= TIMES_AS_LONG * 100,
            });
        }
    }
    notes.insert(0, format!("Each operation was done {TIMES} times, one after the other."));
    let heading = vec!["database", "operation", "p50 of 2,000", "p50 of a million", "p99 of 2,000", "p99 of a million"];
    Ok(Section { heading, rows, aims, notes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(us: u64) -> Value {
        OPERATIONS.iter().map(|name| ((*name).to_owned(), json!({ "p50_us": us, "p99_us": us * 10 }))).collect()
    }

    #[test]
    fn what_takes_twice_as_long_holds_and_longer_does_not() {
        let held = |many: u64| {
            let section = section(&[("SQLite", told(100), told(many))], Vec::new()).unwrap();
            section.aims.iter().all(|aim| aim.holds)
        };
        assert!(held(80) && held(200));
        assert!(!held(201));
    }
}
