//! The machine's source of randomness: the only place that reads it.

use skein_domain::ports::Entropy;

/// The random number generator of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    /// Ends the process when the operating system has no randomness: ids, addresses and encryption would not be safe.
    #[expect(clippy::disallowed_methods, reason = "this is the entropy that everything else takes as a parameter")]
    #[expect(clippy::print_stderr, reason = "the process ends here, and its person should know why")]
    fn fill(&self, into: &mut [u8]) {
        if let Err(error) = getrandom::fill(into) {
            eprintln!(
                "skein stops: the operating system gave no random bytes ({error}). Nothing is safe without them."
            );
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_fills_differ() {
        let (mut one, mut other) = ([0_u8; 16], [0_u8; 16]);
        SystemEntropy.fill(&mut one);
        SystemEntropy.fill(&mut other);
        assert_ne!(one, other);
    }
}
