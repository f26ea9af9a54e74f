//! Cases: signs of life.

use std::sync::Arc;

use skein_domain::ports::Ledger;

use crate::samples::at_us;

/// Of all engines, each with its last beat.
pub async fn the_newest_sign_of_life_counts(ledger: Arc<dyn Ledger>) {
    assert_eq!(ledger.last_beat().await.unwrap(), None);
    ledger.beat("one", at_us(100)).await.unwrap();
    ledger.beat("two", at_us(50)).await.unwrap();
    assert_eq!(ledger.last_beat().await.unwrap(), Some(at_us(100)));
    ledger.beat("two", at_us(101)).await.unwrap();
    assert_eq!(ledger.last_beat().await.unwrap(), Some(at_us(101)));
}

/// The others still count; forgetting a stranger is no error.
pub async fn an_engine_that_ended_in_order_is_forgotten(ledger: Arc<dyn Ledger>) {
    ledger.beat("one", at_us(100)).await.unwrap();
    ledger.beat("two", at_us(50)).await.unwrap();
    ledger.end_beat("one").await.unwrap();
    assert_eq!(ledger.last_beat().await.unwrap(), Some(at_us(50)));
    ledger.end_beat("a stranger").await.unwrap();
    ledger.end_beat("two").await.unwrap();
    assert_eq!(ledger.last_beat().await.unwrap(), None);
}
