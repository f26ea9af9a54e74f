//! What is particular to this store: opening, several processes on one database, the schema's own defence, sessions.
#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test that called it")]

mod budget;
mod calls;
mod constraints;
mod copying;
mod ends;
mod moving;
mod opening;
mod profiles;
mod races;
mod scene;
mod schema;
mod server_locks;
mod server_troubles;
mod servers;
mod sessions;

use std::sync::Arc;

use scene::Scene;
use servers::Databases;

/// Expands to a test of each case on a file, and to one of all cases on a server: starting one takes longer than all of them.
macro_rules! on_both {
    ($($room:ident { $($case:ident,)+ })+) => {
        mod on_sqlite {
            $(
                mod $room {
                    $(
                        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                        async fn $case() {
                            crate::$room::$case(&crate::scene::Scene::file()).await;
                        }
                    )+
                }
            )+
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn real_postgres_passes_every_case() {
            let databases = Arc::new(Databases::start().await);
            $($(
                $room::$case(&Scene::server(&databases).await).await;
            )+)+
        }
    };
}

on_both! {
    budget {
        a_change_sees_what_was_kept_and_keeps_what_it_makes_of_it,
        a_change_that_fails_keeps_nothing_and_leaves_the_lock,
        processes_that_count_at_once_lose_nothing,
        what_may_wait_is_known_at_once_and_kept_with_the_next,
        what_has_waited_is_lost_where_another_process_has_counted,
        what_has_waited_beside_a_row_that_another_process_has_counted_is_lost_too,
        what_is_built_on_an_old_count_does_not_wait,
        many_that_count_beside_one_row_in_two_processes_lose_nothing,
        calls_from_before_there_were_attempts_are_first_ones,
    }
    calls {
        every_column_comes_back_and_the_newest_is_first,
        rows_are_kept_all_or_none,
        filters_narrow,
        a_call_is_found_by_the_beginning_of_its_id,
        pruning_forgets_what_is_older,
    }
    constraints {
        what_breaks_an_invariant_is_refused_by_its_name,
        every_nullable_column_is_written_with_and_without_a_value,
        a_damaged_row_is_named_and_not_used,
        a_damaged_policy_of_a_workspace_is_named_and_not_used,
        a_damaged_notice_is_named_and_not_used,
    }
    ends {
        the_mark_is_set_right_where_the_schema_comes_to_hold_it,
        what_was_left_unmarked_is_read_and_is_marked_when_an_engine_starts,
        what_was_left_unmarked_keeps_no_account,
    }
    opening {
        a_database_opens_again_with_what_it_held,
        processes_that_start_at_once_migrate_once,
        of_two_keys_at_the_first_start_one_is_taken,
        a_wrong_key_is_told_at_once,
        a_database_of_a_newer_version_is_left_alone,
        a_database_with_another_history_is_left_alone,
    }
    profiles {
        an_answer_is_kept_whole_and_replaced,
        a_handle_is_taken_from_whoever_had_it,
        who_was_asked_for_long_ago_is_forgotten_on_demand,
    }
    races {
        each_lane_is_claimed_by_exactly_one,
        of_two_writers_of_one_version_one_wins_and_the_other_leaves_nothing,
        the_clock_of_a_lane_hands_out_an_instant_once,
        many_writers_all_come_through,
        an_account_is_removed_or_gets_a_post_and_never_both,
    }
    sessions {
        a_session_is_replaced_only_by_who_saw_it,
        a_version_never_comes_back_after_forgetting,
        a_lease_has_one_holder_over_all_processes_until_it_ends,
        a_secret_that_was_moved_or_changed_in_the_database_does_not_open,
    }
}
