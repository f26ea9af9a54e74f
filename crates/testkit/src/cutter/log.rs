//! What happened to each exchange, and the sums that budgets are about.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::proxy::wire::Message;

/// Where a connection was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Within the request's first line or headers.
    RequestHead,
    /// Within the request's body.
    RequestBody,
    /// After the request's last byte; the server lost the connection too.
    Unanswered,
    /// After the request's last byte; the server went on unaware.
    Unheard,
    /// Within the answer's first line or headers.
    AnswerHead,
    /// Within the answer's body.
    AnswerBody,
    /// After the answer's last byte.
    AfterAnswer,
}

impl Place {
    /// Whether the server did not get the whole request.
    pub fn is_in_request(self) -> bool {
        matches!(self, Self::RequestHead | Self::RequestBody)
    }
}

/// One line of the log: a request that the client sent whole, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Its number in the storm, counted from 0. `None`: it came before.
    pub number: Option<u64>,
    /// When the request had been forwarded, or cut; milliseconds since the proxy began.
    pub at_ms: u64,
    /// `GET`, `POST` …
    pub method: String,
    /// Path and query as the client sent them.
    pub path: String,
    /// The server got the whole request.
    pub arrived: bool,
    /// What the server answered, whether or not the client saw it. `None`: it was cut before, or never answered.
    pub status: Option<u16>,
    /// Where it was cut.
    pub cut: Option<Place>,
    /// Of an `applyWrites`: the repository, and what the writes cost.
    pub points: Option<(String, u64)>,
}

impl Exchange {
    pub(super) fn of(request: &Message, number: Option<u64>, at_ms: u64) -> Self {
        let path = request.head.target().to_owned();
        let points = path.contains("com.atproto.repo.applyWrites").then(|| points_of(request)).flatten();
        Self {
            number,
            at_ms,
            method: request.head.method().to_owned(),
            path,
            arrived: false,
            status: None,
            cut: None,
            points,
        }
    }
}

/// What the public network counts: a create 3, an update 2, a delete 1.
fn points_of(request: &Message) -> Option<(String, u64)> {
    let body: Value = serde_json::from_slice(&request.body().ok()?).ok()?;
    let cost = |write: &Value| match write["$type"].as_str().and_then(|kind| kind.rsplit('#').next()) {
        Some("update") => 2,
        Some("delete") => 1,
        _ => 3,
    };
    Some((body["repo"].as_str()?.to_owned(), body["writes"].as_array()?.iter().map(cost).sum()))
}

/// How many connections were cut at each place.
pub fn by_place(log: &[Exchange]) -> BTreeMap<Place, usize> {
    let mut counted = BTreeMap::new();
    for place in log.iter().filter_map(|exchange| exchange.cut) {
        *counted.entry(place).or_default() += 1;
    }
    counted
}

/// The most calls that arrived whole within any such span of time.
pub fn most_calls_within(log: &[Exchange], span_ms: u64) -> u64 {
    most_within(log.iter().filter(|exchange| exchange.arrived).map(|exchange| (exchange.at_ms, 1)), span_ms)
}

/// The most points that one repository's writes cost within any such span of time, counting what arrived whole.
pub fn most_points_within(log: &[Exchange], span_ms: u64) -> u64 {
    let mut of_each: BTreeMap<&str, Vec<(u64, u64)>> = BTreeMap::new();
    for exchange in log.iter().filter(|exchange| exchange.arrived) {
        if let Some((repository, points)) = &exchange.points {
            of_each.entry(repository).or_default().push((exchange.at_ms, *points));
        }
    }
    of_each.into_values().map(|costs| most_within(costs.into_iter(), span_ms)).max().unwrap_or(0)
}

fn most_within(costs: impl Iterator<Item = (u64, u64)>, span_ms: u64) -> u64 {
    let mut costs: Vec<_> = costs.collect();
    costs.sort_unstable();
    let (mut first, mut sum, mut most) = (0, 0, 0);
    for (at_ms, cost) in &costs {
        sum += cost;
        while costs[first].0 + span_ms <= *at_ms {
            sum -= costs[first].1;
            first += 1;
        }
        most = most.max(sum);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(at_ms: u64, arrived: bool, points: Option<(&str, u64)>) -> Exchange {
        Exchange {
            number: None,
            at_ms,
            method: "POST".to_owned(),
            path: "/".to_owned(),
            arrived,
            status: None,
            cut: None,
            points: points.map(|(repository, points)| (repository.to_owned(), points)),
        }
    }

    #[test]
    fn a_span_slides_and_counts_what_arrived() {
        let log: Vec<_> = [(0, true), (50, false), (90, true), (100, true), (190, true), (500, true)]
            .map(|(at, arrived)| exchange(at, arrived, None))
            .into();
        assert_eq!(most_calls_within(&log, 100), 2, "90 and 100; 0 is a whole span before 100");
        assert_eq!(most_calls_within(&log, 101), 3);
        assert_eq!(most_calls_within(&log, 1_000), 5);
        assert_eq!(most_calls_within(&[], 1_000), 0);
    }

    #[test]
    fn points_are_counted_for_each_repository() {
        let log = [
            exchange(0, true, Some(("a", 3))),
            exchange(1, true, Some(("b", 9))),
            exchange(2, true, Some(("a", 5))),
            exchange(3, false, Some(("a", 100))),
            exchange(9, true, Some(("a", 4))),
        ];
        assert_eq!(most_points_within(&log, 5), 9);
        assert_eq!(most_points_within(&log, 10), 12);
    }
}
