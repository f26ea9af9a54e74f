//! One run: stub, database, posts handed in ahead, workers, and what came of it.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use skein_testkit::postgres::Postgres;
use skein_testkit::redis::Redis;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::sleep;

use crate::programs::{Ending, Program, get, run};
use crate::wanted::{Wanted, Who};
use crate::{Failed, cost, now_ms, people};

/// A worker that is ready is left alone for so long before its idle memory is read.
const SETTLE_MS: i64 = 3_000;
/// The workers must be ready so long before the first instant.
const AHEAD_MS: i64 = 5_000;
const LOOK: Duration = Duration::from_millis(500);
/// Reading the memory of many processes costs them time.
const LOOKS_A_SAMPLE: u32 = 2;
/// What has not arrived so long after the last instant is given up.
const PATIENCE_MS: i64 = 300_000;
/// After the last post: to settle what is on its way, then to calm down.
const AFTER: Duration = Duration::from_secs(2);
const CALM: Duration = Duration::from_secs(5);

/// Where the queue is. A server goes when this is dropped.
enum Place {
    File,
    Postgres(Postgres),
    Redis(Redis),
}

impl Place {
    async fn make(who: Who) -> Result<Self, Failed> {
        Ok(match who {
            Who::SkeinOnSqlite => Self::File,
            Who::SkeinOnPostgres | Who::PeerOnPostgres => Self::Postgres(Postgres::start().await?),
            Who::PeerOnRedis => Self::Redis(Redis::start().await?),
        })
    }

    fn url(&self, folder: &Path) -> String {
        match self {
            Self::File => format!("sqlite:{}", folder.join("skein.db").display()),
            Self::Postgres(postgres) => postgres.url(),
            Self::Redis(redis) => format!("redis://{}/0", redis.host()),
        }
    }

    /// The server's process; SQLite has none.
    fn roots(&self) -> Vec<u32> {
        match self {
            Self::File => Vec::new(),
            Self::Postgres(postgres) => vec![postgres.pid()],
            Self::Redis(redis) => vec![redis.pid()],
        }
    }
}

struct Scene {
    wanted: Wanted,
    folder: TempDir,
    place: Place,
    stub: String,
    first_due_ms: i64,
}

/// Prints one line of JSON.
#[tokio::main]
pub(crate) async fn direct(wanted: Wanted) -> Result<(), Failed> {
    let mut stub = Command::new(std::env::current_exe()?);
    stub.arg("stub").args(["--delay-ms", &wanted.delay_ms.to_string()]);
    let mut stub = Program::start(stub, Ending::Input)?;
    let said: Value = serde_json::from_str(&stub.says(|line| line.starts_with('{')).await?)?;
    let place = Place::make(wanted.who).await?;
    let started_ms = now_ms();
    let scene = Scene {
        folder: TempDir::new()?,
        place,
        stub: said["url"].as_str().ok_or("the stub does not say where it is")?.to_owned(),
        first_due_ms: started_ms + wanted.lead_ms,
        wanted,
    };
    scene.hand_in().await?;
    let mut workers = Vec::new();
    for _ in 0..scene.wanted.workers.unwrap_or(1) {
        workers.push(scene.start_worker()?);
    }
    for worker in &mut workers {
        worker.says(|line| line == "ready" || line.starts_with("Ctrl-C stops")).await?;
    }
    let prepared_ms = now_ms() - started_ms;
    if prepared_ms + AHEAD_MS > scene.wanted.lead_ms {
        return Err(format!(
            "too late: all is ready after {prepared_ms} ms, and the first post is due after {} ms; give a longer lead",
            scene.wanted.lead_ms
        )
        .into());
    }
    let mut found = scene.follow(&workers).await?;
    found["prepared_ms"] = json!(prepared_ms);
    println!("{found}");
    for worker in workers {
        worker.end().await?;
    }
    stub.end().await
}

impl Scene {
    async fn hand_in(&self) -> Result<(), Failed> {
        let Wanted { who, accounts, posts, spread_ms, .. } = &self.wanted;
        let store = self.place.url(self.folder.path());
        if who.is_skein() {
            let mut seed = Command::new(std::env::current_exe()?);
            seed.args(["seed", &store]).arg(self.folder.path().join("master.key")).arg(format!("{}/", self.stub));
            seed.args([accounts.to_string(), posts.to_string(), self.first_due_ms.to_string(), spread_ms.to_string()]);
            return run(seed).await;
        }
        let mut jobs = String::new();
        for number in 0..*posts {
            let due_ms = self.wanted.due_ms(self.first_due_ms, number);
            let (handle, text) = (people::handle(number % accounts), people::text(number, due_ms * 1_000));
            writeln!(jobs, "{}", json!({ "handle": handle, "text": text, "due_ms": due_ms }))?;
        }
        let file = self.folder.path().join("jobs.jsonl");
        std::fs::write(&file, jobs)?;
        let mut command = self.command()?;
        command.args(["hand-in", &store]).arg(file);
        run(command).await
    }

    fn start_worker(&self) -> Result<Program, Failed> {
        let mut command = self.command()?;
        let store = self.place.url(self.folder.path());
        if !self.wanted.who.is_skein() {
            command.args(["work", &store, &self.stub, &self.wanted.accounts.to_string()]);
            return Program::start(command, Ending::Input);
        }
        let network = ["SKEIN_PLC_URL", "SKEIN_APPVIEW_URL", "SKEIN_VIDEO_URL"];
        command.arg(if self.wanted.workers.is_some() { "work" } else { "serve" });
        command.env("SKEIN_DATABASE_URL", &store).env("SKEIN_DATA", self.folder.path());
        command.envs(network.map(|name| (name, &self.stub)));
        command.envs([
            ("SKEIN_DNS", "off"),
            ("SKEIN_ALLOW_PRIVATE", "1"),
            ("SKEIN_LOG", "warn"),
            ("TZ", "UTC"),
            ("NO_COLOR", "1"),
        ]);
        Program::start(command, Ending::Signal)
    }

    fn command(&self) -> Result<Command, Failed> {
        let (program, arguments) = self.wanted.command.split_first().ok_or("there is no command")?;
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path());
        Ok(command)
    }

    /// From the moment that all are ready until all has arrived and they have calmed down.
    async fn follow(&self, workers: &[Program]) -> Result<Value, Failed> {
        let roots = workers.iter().map(Program::pid).collect::<Result<Vec<_>, _>>()?;
        let server = self.place.roots();
        let (cpu_us, server_cpu_us) = (cost::cpu_us(&roots)?, cost::cpu_us(&server)?);
        sleep(Duration::from_millis(SETTLE_MS.unsigned_abs())).await;
        let idle_before_kib = cost::memory_kib(&roots)?;
        let sampled_kib = self.wait_for_posts(&roots, idle_before_kib).await?;
        sleep(AFTER).await;
        let cpu_us = cost::cpu_us(&roots)?.saturating_sub(cpu_us);
        let server_cpu_us = cost::cpu_us(&server)?.saturating_sub(server_cpu_us);
        sleep(CALM).await;
        let mut found = self.report().await?;
        found["cpu_us"] = json!(cpu_us);
        found["server_cpu_us"] = json!(server_cpu_us);
        found["idle_before_kib"] = json!(idle_before_kib);
        found["peak_kib"] = json!(cost::peak_kib(&roots)?.unwrap_or(sampled_kib));
        found["idle_after_kib"] = json!(cost::memory_kib(&roots)?);
        Ok(found)
    }

    /// Until all posts have arrived, or patience has ended; returns the most memory that was seen.
    async fn wait_for_posts(&self, roots: &[u32], idle_kib: u64) -> Result<u64, Failed> {
        let give_up_ms = self.first_due_ms + self.wanted.spread_ms + PATIENCE_MS;
        let mut most_kib = idle_kib;
        for look in 0_u32.. {
            if now_ms() > give_up_ms || self.report().await?["posts"].as_u64() >= Some(self.wanted.posts.into()) {
                break;
            }
            if look.is_multiple_of(LOOKS_A_SAMPLE) && now_ms() >= self.first_due_ms {
                most_kib = most_kib.max(cost::memory_kib(roots)?);
            }
            sleep(LOOK).await;
        }
        Ok(most_kib.max(cost::memory_kib(roots)?))
    }

    async fn report(&self) -> Result<Value, Failed> {
        let host = self.stub.trim_start_matches("http://");
        Ok(serde_json::from_slice(&get(host, "/report").await?)?)
    }
}
