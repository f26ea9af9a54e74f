//! What the demo shows, in three acts.

use jiff::{SignedDuration, Timestamp};
use skein_domain::{Delivery, DeliveryId, Draft, GivenPolicy, Part, Receipt, State};
use skein_intake::{PostView, Submission, Submitted};
use skein_sandbox::{Fault, FaultOrder};
use std::path::PathBuf;
use std::slice;

use super::network::DemoNetwork;
use crate::app::App;
use crate::exit::Failure;
use crate::render::story::{events, tell};
use crate::render::times::lateness;
use crate::screen::{Line, Tone};
use crate::text::{count, wrap};

const DUE_IN_S: i64 = 5;
/// How long an act may take before the demo gives up.
const ACT_MOST_S: i64 = 60;
const LOOK_EVERY_MS: i64 = 100;

/// What this is, and where.
pub(super) fn opening(app: &App, demo: &DemoNetwork) {
    let screen = &app.screen;
    screen.line(
        Line::of(Tone::Strong, "Skein demo").and(Tone::Plain, ": a small network on this machine. Nothing leaves it."),
    );
    screen.line(Line::blank());
    row(app, "network", demo.url());
    row(app, "account", &format!("@{}, logged in with its app password", demo.alice.handle));
    row(app, "data", &demo.house.config.paths.data.display().to_string());
}

/// Act one: a thread leaves as one request at its instant.
pub(super) async fn thread(app: &App, demo: &DemoNetwork) -> Result<PostView, Failure> {
    heading(app, &format!("1  A thread of three parts, due in {DUE_IN_S} s"));
    let texts = [
        "A skein is a flock of geese in flight, and a length of thread. This is one: three posts that go out as one. #skein"
            .to_owned(),
        format!("This part mentions @{} and links to https://example.com. Both were looked up when it was submitted.", demo.bob),
        "Bytes, addresses and hashes were final before anything was sent. All parts appear in one commit, or none does."
            .to_owned(),
    ];
    for (index, text) in texts.iter().enumerate() {
        for (line, text) in wrap(text, app.screen.width() - 10).into_iter().enumerate() {
            let number = if line == 0 { (index + 1).to_string() } else { " ".to_owned() };
            app.screen.line(Line::of(Tone::Faint, format!("  {number}  ")).and(Tone::Plain, text));
        }
    }
    app.screen.line(Line::blank());
    let at = later(demo.house.clock.now(), DUE_IN_S * 1_000);
    let (view, delivery) = publish(app, demo, &texts, Some(at)).await?;
    let receipt = published(&delivery)?;
    app.screen.line(Line::blank());
    app.screen.line(
        Line::of(Tone::Good, "  Published")
            .and(Tone::Plain, format!(" {}: three parts, one request, one commit.", lateness(receipt.lateness_ms))),
    );
    app.screen.line(Line::blank());
    show_records(app, demo, &delivery, receipt).await?;
    Ok(view)
}

/// Act two: the server writes, and its answer never arrives.
pub(super) async fn cut_cable(app: &App, demo: &DemoNetwork) -> Result<PostView, Failure> {
    heading(app, "2  The cable is cut after the write");
    app.screen.line("  The server writes the next post, but its answer never arrives. Sending again would make two.");
    app.screen.line(Line::blank());
    let before = demo.records().await?.len();
    let order = FaultOrder::new("com.atproto.repo.applyWrites", Fault::CutAfter);
    demo.sandbox.faults().order(order).map_err(|error| Failure::system("sandbox", error.to_string()))?;
    let text = "The server wrote this. Then the cable was cut, before it could say so.".to_owned();
    let (view, delivery) = publish(app, demo, slice::from_ref(&text), None).await?;
    let receipt = published(&delivery)?;
    let more = demo.records().await?.len() - before;
    if more != 1 {
        return Err(Failure::system("not_once", format!("The server holds {more} new records instead of one.")));
    }
    app.screen.line(Line::blank());
    app.screen.line(Line::of(Tone::Good, "  One post and not two").and(
        Tone::Plain,
        format!(
            ": the server holds {}, {before} of the thread and {more} of this.",
            count(before + more, "record", "records")
        ),
    ));
    app.screen.line(Line::blank());
    show_records(app, demo, &delivery, receipt).await?;
    Ok(view)
}

/// What to try next.
pub(super) fn closing(app: &App, demo: &DemoNetwork, ends: bool) {
    if ends {
        return;
    }
    heading(app, "3  Try it, in another terminal");
    let data = app.global.data.as_ref().map(|_| format!(" --data {}", demo.data.display())).unwrap_or_default();
    let tries = [
        ("post \"hello\"", "now"),
        ("post \"in a moment\" --at \"in 20s\"", "at its instant; the engine runs here"),
        ("thread -", "parts split by lines of ---, ended with Ctrl-D"),
        ("queue list --all", "all posts"),
        ("queue show last", "the story of the last one"),
    ];
    let tries = tries.map(|(command, what)| (format!("skein --sandbox{data} {command}"), what));
    let width = tries.iter().map(|(command, _)| command.chars().count()).max().unwrap_or(0);
    for (command, what) in tries {
        app.screen.line(Line::from(format!("  {command:width$}  ")).and(Tone::Faint, what));
    }
    app.screen.line(Line::blank());
    app.screen.line(format!("  See the posts at {}", demo.url()));
    app.screen.line(Line::of(Tone::Faint, "  Ctrl-C stops the network; everything in it is gone then."));
}

/// Submits through the ordinary door, and tells what happens while the engine works.
async fn publish(
    app: &App,
    demo: &DemoNetwork,
    texts: &[String],
    at: Option<Timestamp>,
) -> Result<(PostView, Delivery), Failure> {
    let house = &demo.house;
    let submission = Submission {
        draft: Draft {
            parts: texts.iter().map(Part::text).collect(),
            langs: vec!["en".to_owned()],
            ..Draft::default()
        },
        name: None,
        accounts: Vec::new(),
        at: at.map(|at| at.to_string()),
        zone: None,
        default_zone: house.config.zone.clone(),
        policy: GivenPolicy::default(),
    };
    let Submitted { post, deliveries, warnings } =
        house.intake.submit(submission, &house.originals(PathBuf::new())).await?;
    house.engine.nudge();
    let Some(first) = deliveries.first() else {
        return Err(Failure::system("demo", "The post has no delivery."));
    };
    let delivery = watch(app, demo, &first.id).await?;
    Ok((house.intake.view(post, warnings).await?, delivery))
}

/// Tells each line of a story as it happens, with a countdown on a terminal, until nothing more happens by itself.
async fn watch(app: &App, demo: &DemoNetwork, id: &DeliveryId) -> Result<Delivery, Failure> {
    let house = &demo.house;
    let give_up = later(house.clock.now(), ACT_MOST_S * 1_000);
    let mut told = 0;
    loop {
        let delivery = house.ledger.delivery(id).await?;
        let story = house.intake.story(id).await?;
        if story.len() > told {
            app.screen.settle();
            let eye = app.eye(house);
            // The technical reason of a lost answer, on a line of its own, is for `queue show`.
            let words =
                |line: &skein_domain::story::Line| tell(&line.event, &eye).lines().next().unwrap_or("").to_owned();
            let new = story[told..].iter().map(|line| (line.at, words(line)));
            app.screen.lines(events(delivery.due, new, &eye));
            told = story.len();
        }
        let now = house.clock.now();
        if delivery.state.name().is_at_rest() {
            return Ok(delivery);
        }
        if now > give_up {
            return Err(Failure::system("demo", format!("Nothing more happened within {ACT_MOST_S} s."))
                .next("`skein --sandbox queue show last` tells where it stands; please report it."));
        }
        if now < delivery.due {
            let left = skein_domain::story::span(-delivery.late_by_ms(now));
            app.screen.update(Line::of(Tone::Faint, format!("  due in {left}")));
        }
        house.clock.sleep_until(later(now, LOOK_EVERY_MS)).await;
    }
}

fn published(delivery: &Delivery) -> Result<&Receipt, Failure> {
    match &delivery.state {
        State::Published { receipt } => Ok(receipt),
        other => Err(Failure::system("demo", format!("The post is {} instead of published.", other.name().as_str()))
            .next("`skein --sandbox queue show last` tells why; please report it.")),
    }
}

/// Each address with its hash: computed before sending, in the receipt, and as the server lists it.
async fn show_records(app: &App, demo: &DemoNetwork, delivery: &Delivery, receipt: &Receipt) -> Result<(), Failure> {
    let listed = demo.records().await?;
    let computed = delivery.prepared.as_ref().map(|prepared| prepared.records.as_slice()).unwrap_or_default();
    for (index, record) in receipt.records.iter().enumerate() {
        let label = if receipt.records.len() == 1 { "record".to_owned() } else { format!("part {}", index + 1) };
        row(app, &label, &record.uri);
        if computed.get(index) != Some(record) || !listed.contains(record) {
            return Err(Failure::system("hash_differs", format!("The server holds something else at {}.", record.uri)));
        }
        app.screen.line(Line::from(format!("            {}", record.cid)));
    }
    app.screen.line(Line::of(Tone::Good, "            Computed before it was sent, and the same on the server."));
    if let Some(url) = &receipt.url {
        row(app, "look", url);
    }
    Ok(())
}

fn heading(app: &App, text: &str) {
    app.screen.line(Line::blank());
    app.screen.line(Line::of(Tone::Strong, text));
    app.screen.line(Line::blank());
}

fn row(app: &App, label: &str, text: &str) {
    app.screen.line(Line::from("  ").and(Tone::Faint, format!("{label:10}")).and(Tone::Plain, text));
}

fn later(at: Timestamp, ms: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_millis(ms)).unwrap_or(Timestamp::MAX)
}
