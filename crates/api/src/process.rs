//! What the system says of this process, where it says so (Linux).

use std::fs;

/// The part of memory that is in use, in bytes.
pub(crate) fn resident_memory_bytes() -> Option<u64> {
    resident_bytes(&fs::read_to_string("/proc/self/status").ok()?)
}

/// Files, sockets and pipes that are open.
pub(crate) fn open_files() -> Option<u64> {
    u64::try_from(fs::read_dir("/proc/self/fd").ok()?.count()).ok()
}

fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        assert_eq!(resident_bytes("Name:\tskein\nVmRSS:\t    1234 kB\nRssAnon:\t 1 kB\n"), Some(1_263_616));
        for unreadable in ["", "VmRSS:", "VmRSS: x kB", "VmRSS: 5 pages"] {
            assert_eq!(resident_bytes(unreadable), None, "{unreadable}");
        }
    }
}
