//! What every `Ledger` must do, as cases that run on an empty one. In the tests of a store:
//!
//! ```
//! # use std::sync::Arc;
//! # use skein_domain::ports::Ledger;
//! async fn empty() -> Arc<dyn Ledger> {
//!     Arc::new(skein_testkit::MemoryLedger::new())
//! }
//! skein_testkit::ledger_conformance!(empty);
//! ```
//!
//! Where the comments of the port leave something open, the cases leave it open too, except for these choices:
//! a lease has ended at its `until`, a wake-up has come at its instant; an address (`uri`) is taken once in a lane, by whatever
//! has it frozen now; whoever saves what is not there has `Lost`; what removing an account leaves are its receipts.

#![expect(clippy::unwrap_used, reason = "these are the bodies of tests")]
#![expect(clippy::missing_panics_doc, reason = "a case fails by panicking")]

pub mod accounts;
pub mod addresses;
pub mod beats;
pub mod files;
pub mod leases;
pub mod policies;
pub mod posts;
pub mod queue;
pub mod round_trips;
pub mod runs;
pub mod saving;
mod scene;
pub mod wakes;

use std::sync::Arc;

use skein_domain::ports::Ledger;

/// Expands to one `#[tokio::test]` for each case of the suite. The argument is an `async fn` without parameters that
/// makes an empty `Arc<dyn Ledger>`.
#[macro_export]
macro_rules! ledger_conformance {
    ($make:expr) => {
        $crate::ledger_conformance! { @list test, $make }
    };
    (@list $mode:ident, $make:expr) => {
        $crate::ledger_conformance! { @$mode $make;
            accounts {
                connecting_twice_keeps_the_id_and_the_hold_and_refreshes_the_rest,
                the_same_identity_in_another_workspace_is_another_account,
                accounts_are_listed_by_handle_and_per_workspace,
                accounts_are_found_by_what_they_are_called,
                an_account_is_held_and_released_alone,
                standing_is_kept_with_its_fault,
                an_account_with_open_deliveries_is_not_removed,
                a_removed_account_leaves_its_receipts_and_can_be_connected_again,
                what_is_not_there_is_not_found,
            }
            policies {
                a_workspace_says_what_was_set_last,
                a_delivery_keeps_the_policy_of_its_submission,
            }
            posts {
                a_submission_reads_back_with_its_stories,
                a_submission_is_kept_whole_or_not_at_all,
                a_second_submission_of_the_same_post_changes_nothing,
                a_submission_for_an_unknown_account_keeps_nothing,
                posts_are_found_by_prefix_newest_first,
                a_prefix_is_a_text_and_not_a_pattern,
                a_name_is_given_once_in_a_workspace,
                of_several_posts_of_one_name_one_is_kept,
            }
            files {
                a_file_is_needed_until_every_delivery_of_its_posts_is_final,
                a_refused_submission_needs_no_file,
            }
            queue {
                deliveries_are_listed_by_due_instant_then_by_id,
                posts_that_wait_are_counted,
                deliveries_that_are_not_over_are_counted_by_state,
                what_has_ended_step_by_step_hides_nothing_and_comes_back_when_it_is_retried,
                a_span_of_due_instants_is_listed_from_either_end,
                filters_narrow_by_state_account_and_post,
            }
            saving {
                a_change_writes_delivery_story_and_clock_together,
                a_stale_version_is_lost_and_nothing_is_written,
                a_stale_token_is_lost_and_nothing_is_written,
                nothing_is_armed_for_an_account_that_is_held_or_lost,
                a_token_of_another_lane_does_not_open_this_one,
                a_moved_clock_is_lost_and_nothing_is_written,
                the_clock_only_moves_forward,
                a_version_that_does_not_rise_by_one_is_invalid,
                a_person_needs_no_token,
                an_expired_lease_that_nobody_took_over_still_writes,
                what_is_not_there_is_lost,
                of_several_writers_one_wins,
                frozen_bytes_agree_with_the_state,
                a_story_is_told_in_the_order_of_writing,
            }
            addresses {
                two_deliveries_of_a_lane_cannot_freeze_the_same_address,
                any_shared_address_counts,
                one_delivery_cannot_freeze_an_address_twice,
                another_lane_may_have_the_same_address,
                a_delivery_may_freeze_its_own_address_again,
                a_change_that_keeps_its_bytes_leaves_them_as_they_were,
                settled_deliveries_keep_their_addresses,
            }
            leases {
                a_held_lane_is_not_claimed_by_anybody,
                an_expired_lane_is_claimed_with_a_higher_token,
                a_released_lane_is_claimed_with_a_higher_token,
                writes_of_the_holder_before_are_refused,
                renewing_extends_and_a_lost_lease_is_not_renewed,
                releasing_a_lost_lease_leaves_the_holder_alone,
                the_earliest_wake_up_is_claimed_first,
                nothing_due_is_nothing_to_claim,
                a_lane_that_is_named_is_claimed_due_or_not,
                a_held_lane_does_not_hide_the_free_ones,
                of_several_workers_one_gets_the_lane,
                many_lanes_that_are_due_are_claimed_the_earliest_first,
                many_that_renew_and_give_back_at_once_are_each_told_of_theirs,
                a_claim_tells_the_clock_of_its_lane,
            }
            runs {
                a_run_is_what_has_come_of_this_lane,
                what_is_unsettled_comes_first_then_due_then_id,
                at_most_cuts_the_end_of_the_run,
                only_narrows_what_is_open_and_never_what_is_unsettled,
                orphans_are_included_whatever_their_wake_up,
                blocked_deliveries_come_when_their_grace_ends,
                unsettled_finds_another_delivery_of_the_lane,
            }
            wakes {
                an_empty_ledger_never_wakes,
                the_earliest_wake_up_of_all_lanes_counts,
                a_lease_postpones_the_wake_up_of_its_lane,
                a_lease_that_ends_before_the_wake_up_does_not_matter,
                releasing_brings_the_wake_up_back,
                what_is_at_rest_never_wakes,
                what_wakes_can_be_claimed_at_that_instant,
            }
            round_trips {
                every_state_with_all_that_it_carries,
                every_variant_inside_the_states,
                every_event_of_a_story,
                every_instant_keeps_its_microseconds,
                odd_texts,
                numbers_at_their_ends,
                content_keeps_the_order_of_its_keys,
                large_content,
            }
            beats {
                the_newest_sign_of_life_counts,
                an_engine_that_ended_in_order_is_forgotten,
            }
        }
    };
    (@test $make:expr; $($room:ident { $($case:ident,)+ })+) => {
        $(
            mod $room {
                #[allow(unused_imports, reason = "a maker that is named by its full path needs nothing from here")]
                use super::*;
                $(
                    #[tokio::test]
                    async fn $case() {
                        $crate::ledger_suite::$room::$case(($make)().await).await;
                    }
                )+
            }
        )+
    };
    (@call $make:expr; $($room:ident { $($case:ident,)+ })+) => {
        $($(
            $crate::ledger_suite::$room::$case(($make)().await).await;
        )+)+
    };
    (@names $make:expr; $($room:ident { $($case:ident,)+ })+) => {
        [$((stringify!($room), &[$(stringify!($case)),+] as &[&str])),+]
    };
}

/// Runs every case, each on a ledger of its own that `make` makes empty.
pub async fn all(make: impl AsyncFn() -> Arc<dyn Ledger>) {
    crate::ledger_conformance!(@list call, make);
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_that_is_written_is_run() {
        let sources = [
            ("accounts", include_str!("accounts.rs")),
            ("addresses", include_str!("addresses.rs")),
            ("beats", include_str!("beats.rs")),
            ("files", include_str!("files.rs")),
            ("leases", include_str!("leases.rs")),
            ("policies", include_str!("policies.rs")),
            ("posts", include_str!("posts.rs")),
            ("queue", include_str!("queue.rs")),
            ("round_trips", include_str!("round_trips.rs")),
            ("runs", include_str!("runs.rs")),
            ("saving", include_str!("saving.rs")),
            ("wakes", include_str!("wakes.rs")),
        ];
        let mut listed: Vec<(&str, Vec<&str>)> = crate::ledger_conformance!(@list names, ())
            .into_iter()
            .map(|(room, cases)| (room, cases.to_vec()))
            .collect();
        listed.sort_unstable();
        let written: Vec<(&str, Vec<&str>)> = sources
            .into_iter()
            .map(|(room, source)| {
                let name = |line: &'static str| line.strip_prefix("pub async fn ")?.split('(').next();
                (room, source.lines().filter_map(name).collect())
            })
            .collect();
        let sorted = |mut rooms: Vec<(&'static str, Vec<&'static str>)>| {
            for (_, cases) in &mut rooms {
                cases.sort_unstable();
            }
            rooms
        };
        assert_eq!(sorted(listed), sorted(written));
    }
}
