//! What happened to each delivery, in order.

use skein_domain::story::Line;
use skein_domain::{DeliveryId, Event};

use super::{from_json, to_json, unreadable};
use crate::StoreError;
use crate::dialect::Connection;
use crate::instants::{instant, micros};
use crate::statement::{pieces, rows_of_values, sql, sql_of_parts};

#[derive(sqlx::FromRow)]
struct Row {
    seq: i64,
    at: i64,
    event: String,
    event_json: String,
}

/// A line as columns.
#[derive(Debug)]
pub(crate) struct Columns {
    delivery: String,
    at: i64,
    event: String,
    event_json: String,
}

impl Columns {
    pub(crate) fn of(line: &Line) -> Result<Self, StoreError> {
        let event_json = to_json(&line.event, "an event")?;
        let event = kind(&event_json)?;
        Ok(Self { delivery: line.delivery.as_str().to_owned(), at: micros(line.at), event, event_json })
    }
}

/// Lines of one delivery stay in their order.
pub(crate) async fn append(connection: &mut Connection, lines: &[&Columns]) -> Result<(), StoreError> {
    for piece in pieces(lines) {
        let text =
            format!("INSERT INTO story (delivery, at, event, event_json) VALUES {}", rows_of_values(piece.len(), 4));
        let mut statement = sql_of_parts(text);
        for line in piece {
            statement = statement.bind(&line.delivery).bind(line.at).bind(&line.event).bind(&line.event_json);
        }
        statement.execute(connection).await?;
    }
    Ok(())
}

pub(crate) async fn of_delivery(connection: &mut Connection, id: &DeliveryId) -> Result<Vec<Line>, StoreError> {
    sql("SELECT seq, at, event, event_json FROM story WHERE delivery = $1 ORDER BY seq")
        .bind(id.as_str())
        .fetch_all::<Row>(connection)
        .await?
        .into_iter()
        .map(|stored| {
            let row = format!("line {} of the story of {id}", stored.seq);
            let event: Event = from_json(&stored.event_json, &row, "event_json")?;
            if kind(&stored.event_json)? != stored.event {
                return Err(unreadable(&row, "event", format_args!("`{}` is not what its data says", stored.event)));
            }
            let at = instant(stored.at).map_err(|error| unreadable(&row, "at", error))?;
            Ok(Line { delivery: id.clone(), at, event })
        })
        .collect()
}

/// The event's name, as its JSON tells it.
fn kind(event_json: &str) -> Result<String, StoreError> {
    #[derive(serde::Deserialize)]
    struct Tag {
        event: String,
    }
    from_json::<Tag>(event_json, "event", "event").map(|tag| tag.event)
}
