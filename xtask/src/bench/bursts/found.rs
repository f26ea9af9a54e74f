//! What one run came to, as `burst` tells it.

use anyhow::Context;
use serde_json::Value;

/// Times in microseconds, memory in KiB, of all processes of the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Found {
    /// Posts that arrived, and how many of them differ from all others.
    pub(in super::super) posts: u64,
    pub(in super::super) different: u64,
    pub(in super::super) late_p50_us: u64,
    pub(in super::super) late_p99_us: u64,
    pub(in super::super) late_max_us: u64,
    pub(in super::super) cpu_us: u64,
    /// Of the database's server.
    pub(in super::super) server_cpu_us: u64,
    pub(in super::super) idle_before_kib: u64,
    pub(in super::super) peak_kib: u64,
    pub(in super::super) idle_after_kib: u64,
    pub(in super::super) prepared_ms: u64,
}

impl Found {
    pub(in super::super) fn read(line: &str) -> anyhow::Result<Self> {
        let told: Value = serde_json::from_str(line)?;
        let number = |path: &str| {
            let value = told.pointer(path).and_then(Value::as_i64);
            // What arrives before its instant is not late.
            value.map(|number| u64::try_from(number).unwrap_or(0)).with_context(|| format!("there is no {path}"))
        };
        Ok(Self {
            posts: number("/posts")?,
            different: number("/different")?,
            late_p50_us: number("/late_us/p50")?,
            late_p99_us: number("/late_us/p99")?,
            late_max_us: number("/late_us/max")?,
            cpu_us: number("/cpu_us")?,
            server_cpu_us: number("/server_cpu_us")?,
            idle_before_kib: number("/idle_before_kib")?,
            peak_kib: number("/peak_kib")?,
            idle_after_kib: number("/idle_after_kib")?,
            prepared_ms: number("/prepared_ms")?,
        })
    }

    /// Each post arrived once.
    pub(in super::super) fn is_exact(&self, posts: u32) -> bool {
        self.posts == u64::from(posts) && self.different == self.posts
    }

    pub(in super::super) fn told(&self) -> String {
        let Self { late_p50_us, late_p99_us, late_max_us, cpu_us, peak_kib, idle_before_kib, idle_after_kib, .. } =
            self;
        format!(
            "late {late_p50_us} µs (p50), {late_p99_us} µs (p99), {late_max_us} µs (all); {cpu_us} µs of CPU; \
             {idle_before_kib}, {peak_kib}, {idle_after_kib} KiB"
        )
    }
}

#[cfg(test)]
impl Found {
    /// Of a run whose last request came so late.
    pub(in super::super) fn for_test(late_max_us: u64) -> Self {
        Self {
            posts: 10_000,
            different: 10_000,
            late_p50_us: 450,
            late_p99_us: 0,
            late_max_us,
            cpu_us: 12_345_678,
            server_cpu_us: 0,
            idle_before_kib: 1,
            peak_kib: 1,
            idle_after_kib: 1,
            prepared_ms: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"posts":3,"different":2,"late_us":{"min":-9,"p50":-1,"p99":20,"max":30},"cpu_us":4,
        "server_cpu_us":5,"idle_before_kib":6,"peak_kib":7,"idle_after_kib":8,"prepared_ms":9}"#;

    #[test]
    fn what_burst_tells_is_read_whole_or_not_at_all() {
        let found = Found::read(LINE).unwrap();
        assert_eq!((found.late_p50_us, found.late_p99_us, found.late_max_us), (0, 20, 30));
        assert_eq!((found.cpu_us, found.server_cpu_us, found.prepared_ms), (4, 5, 9));
        assert_eq!((found.idle_before_kib, found.peak_kib, found.idle_after_kib), (6, 7, 8));
        let error = Found::read(&LINE.replace("p99", "p98")).unwrap_err();
        assert!(error.to_string().contains("/late_us/p99"), "{error}");
    }

    #[test]
    fn exact_is_each_post_once() {
        let found = Found::read(LINE).unwrap();
        assert!(!found.is_exact(3), "one of them came twice");
        let found = Found { different: 3, ..found };
        assert!(found.is_exact(3));
        assert!(!found.is_exact(4));
    }
}
