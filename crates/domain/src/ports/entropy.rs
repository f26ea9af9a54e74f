//! Randomness, as a parameter.

/// Fills buffers with bytes that nobody can predict (or, under test, with bytes that a seed repeats).
pub trait Entropy: Send + Sync {
    /// Fills the whole buffer.
    fn fill(&self, into: &mut [u8]);
}
