//! The diagram in `docs/ARCHITECTURE.md` shows exactly the steps that the state machine takes.

#![expect(clippy::expect_used, reason = "a diagram that cannot be read fails the test")]

mod every;

use std::collections::BTreeSet;

use every::{every_event, every_state};
use skein_domain::StateName;

const HEADING: &str = "## States of a delivery";

type Edge = (StateName, StateName);

/// The diagram as its text says it, before `Open` is spelled out.
struct Diagram {
    arrows: Vec<(String, String)>,
    inside_open: BTreeSet<StateName>,
}

#[test]
fn the_diagram_and_the_machine_have_the_same_edges() {
    let drawn = edges_of(&diagram());
    let taken: BTreeSet<Edge> = every_state()
        .into_iter()
        .flat_map(|(_, state)| {
            every_event().into_iter().filter_map(move |(_, event)| {
                let from = state.name();
                Some((from, state.clone().apply(event).ok()?.name()))
            })
        })
        .collect();
    let list = |edges: Vec<&Edge>| {
        edges.into_iter().map(|(from, to)| format!("  {from:?} --> {to:?}")).collect::<Vec<_>>().join("\n")
    };
    assert!(
        drawn == taken,
        "docs/ARCHITECTURE.md, {HEADING:?}:\nmissing from the diagram:\n{}\ndrawn, but never taken:\n{}",
        list(taken.difference(&drawn).collect()),
        list(drawn.difference(&taken).collect()),
    );
}

#[test]
fn the_diagram_shows_every_state_and_says_which_are_open() {
    let diagram = diagram();
    let open: BTreeSet<StateName> = StateName::ALL.into_iter().filter(|name| name.is_open()).collect();
    assert_eq!(diagram.inside_open, open);
    let shown: BTreeSet<StateName> = edges_of(&diagram).into_iter().flat_map(|(from, to)| [from, to]).collect();
    assert_eq!(shown, StateName::ALL.into_iter().collect());
}

#[test]
fn a_delivery_begins_open() {
    let beginnings: Vec<_> = diagram().arrows.into_iter().filter(|(from, _)| from == "[*]").collect();
    assert_eq!(beginnings, [("[*]".to_owned(), "Open".to_owned())]);
}

fn diagram() -> Diagram {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/ARCHITECTURE.md");
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let section = text.split_once(HEADING).unwrap_or_else(|| panic!("{path} has no section {HEADING:?}")).1;
    let mermaid = section.split_once("```mermaid\nstateDiagram-v2\n").expect("the section has a state diagram").1;
    read(mermaid.split_once("```").expect("the diagram ends").0)
}

fn read(mermaid: &str) -> Diagram {
    let mut diagram = Diagram { arrows: Vec::new(), inside_open: BTreeSet::new() };
    let mut inside = false;
    for line in mermaid.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line == "state Open {" {
            inside = true;
        } else if line == "}" {
            inside = false;
        } else {
            let (arrow, label) = line.split_once(": ").unwrap_or_else(|| panic!("no words on the arrow: {line}"));
            assert!(!label.trim().is_empty(), "no words on the arrow: {line}");
            let (from, to) = arrow.split_once(" --> ").unwrap_or_else(|| panic!("not an arrow: {line}"));
            if inside {
                diagram.inside_open.extend([named(from), named(to)]);
            }
            diagram.arrows.push((from.to_owned(), to.to_owned()));
        }
    }
    diagram
}

/// From `Open` means from each of its states; into `Open` means into `Scheduled`.
fn edges_of(diagram: &Diagram) -> BTreeSet<Edge> {
    let mut edges = BTreeSet::new();
    for (from, to) in diagram.arrows.iter().filter(|(from, _)| from != "[*]") {
        let to = if to == "Open" { StateName::Scheduled } else { named(to) };
        if from == "Open" {
            edges.extend(StateName::ALL.into_iter().filter(|name| name.is_open()).map(|open| (open, to)));
        } else {
            edges.insert((named(from), to));
        }
    }
    edges
}

fn named(text: &str) -> StateName {
    let found = StateName::ALL.into_iter().find(|name| format!("{name:?}") == text);
    found.unwrap_or_else(|| panic!("the diagram names {text:?}, which is no state"))
}
