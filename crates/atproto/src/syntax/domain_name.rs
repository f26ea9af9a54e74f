//! The rules of domain names that handles and NSIDs share.

/// Longest domain name, from DNS.
pub(super) const NAME_MAX_BYTES: usize = 253;

/// Longest label between two dots, from DNS.
const LABEL_MAX_BYTES: usize = 63;

/// Says which rule a label breaks: 1 to 63 ASCII letters, digits and hyphens, no hyphen at either end.
pub(super) fn check_label(label: &str) -> Result<(), &'static str> {
    if label.is_empty() {
        return Err("there must be something between the dots, and no dot at either end");
    }
    if label.len() > LABEL_MAX_BYTES {
        return Err("no part between dots may be longer than 63 characters");
    }
    if !label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err("only the letters a to z, digits, hyphens and dots may be used");
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err("no part between dots may begin or end with a hyphen");
    }
    Ok(())
}
