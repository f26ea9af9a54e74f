use std::ops::Range;

use super::{Detected, detect};

/// What the detector finds in a text beside the links that its author made, which win wherever they touch something else,
/// and outside of what is `verbatim`. The links and the ranges are sorted, and none overlaps another of its kind.
pub(super) fn detect_beside(text: &str, links: Vec<Detected>, verbatim: &[Range<usize>]) -> Vec<Detected> {
    let mut found = detect(text);
    found.retain(|found| {
        let free_of_links = links.get(links.partition_point(|link| link.byte_end <= found.byte_start));
        let free_of_code = verbatim.get(verbatim.partition_point(|code| code.end <= found.byte_start));
        free_of_links.is_none_or(|link| link.byte_start >= found.byte_end)
            && free_of_code.is_none_or(|code| code.start >= found.byte_end)
    });
    found.extend(links);
    found.sort_by_key(|found| found.byte_start);
    found
}
