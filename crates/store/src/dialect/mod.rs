//! What only one database understands. Everything else in this crate is portable SQL.

mod quick;
mod sqlite;

pub(crate) use quick::Quick;
pub(crate) use sqlite::{
    BUSY_TIMEOUT_MS, Connection, Pool, PrimaryCode, Transaction, begin_light_write, begin_read, begin_write,
    find_free_lane, newest_schema, next_wake, open,
};
#[cfg(test)]
pub(crate) use sqlite::{FIND_FREE_LANE, NEXT_WAKE, writer_options};
