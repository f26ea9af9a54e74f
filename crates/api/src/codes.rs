//! Codes of faults that a delivery can meet after it was submitted: the values of the label `code`.

use crate::labels::OTHER;

/// The code of a delivery whose time had passed too long ago; its state carries no fault.
pub(crate) const MISSED: &str = "missed";

/// Every code that engine and connectors give a delivery, in the order of the alphabet. A test reads their sources.
const CODES: &[&str] = &[
    "accepted",
    "account_deactivated",
    "account_moved",
    "account_taken_down",
    "answer_differs",
    "attempts_spent",
    "blob_gone",
    "budget_not_counted",
    "cannot_go_on",
    "captions_not_vtt",
    "captions_too_large",
    "deletion_unknown",
    "ended_by_policy",
    "file_unreadable",
    "head_moved",
    "head_moved_unseen",
    "held",
    "host_busy",
    "host_unreachable",
    "media_gone",
    "media_unreadable",
    "mention_unasked",
    "missed",
    "needs_login",
    "no_connector",
    "no_video_service",
    "not_deleted",
    "operators_ceiling",
    "over_budget",
    "over_ceiling",
    "overslept",
    "pending",
    "picture_changed",
    "picture_defect",
    "pictures_not_uploaded",
    "platform_refused",
    "quote_changed",
    "quote_disabled",
    "quote_missing",
    "quote_unasked",
    "rate_limited",
    "record_differs",
    "reply_gate_list_missing",
    "reply_gate_list_unasked",
    "reply_lost",
    "reply_target_missing",
    "reply_target_unasked",
    "resend_limited",
    "resend_not_sent",
    "resends_spent",
    "session_busy",
    "session_unavailable",
    "settling_bound_reached",
    "sign_ins_limited",
    "stored_data_unreadable",
    "too_late_to_resend",
    "upload_broke",
    "upload_incomplete",
    "video_limit_reached",
    "video_lost",
    "video_not_allowed",
    "video_not_encoded",
    "video_not_remembered",
    "video_not_uploaded",
    "video_refused",
    "video_service_limited",
    "video_upload_elsewhere",
    "waits_its_turn",
    "witness_unasked",
    "worker_gone",
];

/// The code as a label: itself where it is known.
pub(crate) fn label(code: &str) -> &'static str {
    CODES.binary_search(&code).map_or(OTHER, |place| CODES[place])
}

#[cfg(test)]
mod tests {
    use super::*;
    use skein_domain::policy::WAITS;
    use std::path::Path;

    /// What gives codes to deliveries that were submitted.
    const SOURCES: &[&str] = &[
        "engine/src/lane.rs",
        "engine/src/preparer.rs",
        "engine/src/publisher.rs",
        "engine/src/uploader.rs",
        "engine/src/witness.rs",
        "connect/src/bluesky/answers.rs",
        "connect/src/bluesky/film_obstacles.rs",
        "connect/src/bluesky/film_uploads.rs",
        "connect/src/bluesky/mod.rs",
        "connect/src/bluesky/quote.rs",
        "connect/src/bluesky/witness.rs",
        "domain/src/delivery/machine.rs",
    ];

    /// Texts that stand where a code does.
    fn codes_in(source: &str) -> Vec<&str> {
        let product = source.split("#[cfg(test)]").next().unwrap();
        let mut codes = Vec::new();
        for call in ["Fault::new(", "Fault::content(", "said(", " fault(", "=> ("] {
            for rest in product.split(call).skip(1) {
                let text = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
                codes.extend(text.filter(|text| text.chars().all(|c| c.is_ascii_lowercase() || c == '_')));
            }
        }
        codes
    }

    #[test]
    fn every_code_of_a_delivery_is_known() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut seen = 0;
        for source in SOURCES {
            let text = std::fs::read_to_string(crates.join(source)).unwrap();
            for code in codes_in(&text) {
                assert_eq!(label(code), code, "{source} gives a code that is missing in CODES");
                seen += 1;
            }
        }
        assert!(seen > 30, "the codes are not found any more where they stood: {seen}");
        for code in WAITS {
            assert_eq!(label(code), code, "a fault that says what is waited for is missing in CODES");
        }
        assert!(CODES.contains(&MISSED));
    }

    #[test]
    fn what_is_not_known_has_one_name() {
        assert!(CODES.is_sorted());
        for code in ["", "made_up", "Needs_Login", "needs_login "] {
            assert_eq!(label(code), OTHER, "{code}");
        }
    }
}
