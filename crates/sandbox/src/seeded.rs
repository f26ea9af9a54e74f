use sha2::{Digest, Sha256};

const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The only source of randomness in the sandbox: SHA-256 over a seed and a counter, so that a seed gives the same DIDs,
/// passwords and tokens on every run. Good enough to tell things apart, not to keep a secret.
#[derive(Debug)]
pub(crate) struct Seeded {
    seed: u64,
    drawn: u64,
}

impl Seeded {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// The next 32 bytes.
    pub(crate) fn bytes(&mut self) -> [u8; 32] {
        self.drawn += 1;
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(self.drawn.to_be_bytes());
        hash.finalize().into()
    }

    /// A PLC identifier: 24 characters of base32 after `did:plc:`.
    pub(crate) fn did(&mut self) -> String {
        format!("did:plc:{}", self.letters::<32>(BASE32, 24))
    }

    /// A password in the shape of an app password: `xxxx-xxxx-xxxx-xxxx`.
    pub(crate) fn app_password(&mut self) -> String {
        let letters = self.letters::<32>(BASE32, 16);
        [&letters[..4], &letters[4..8], &letters[8..12], &letters[12..]].join("-")
    }

    /// Something in the shape of a public key in multibase; no private key belongs to it.
    pub(crate) fn public_key(&mut self) -> String {
        let digits = [self.letters::<58>(BASE58, 32), self.letters::<58>(BASE58, 32), self.letters::<58>(BASE58, 24)];
        format!("z{}", digits.concat())
    }

    fn letters<const N: usize>(&mut self, alphabet: &[u8; N], count: usize) -> String {
        self.bytes().iter().take(count).map(|&byte| char::from(alphabet[usize::from(byte) % N])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_names() {
        let (mut one, mut same, mut other) = (Seeded::new(7), Seeded::new(7), Seeded::new(8));
        let first = one.did();
        assert_eq!(first, same.did());
        assert_ne!(first, other.did());
        assert_ne!(first, one.did());
        assert!(skein_atproto::syntax::Did::parse(&first).is_ok());
        assert_eq!(one.app_password().len(), 19);
        assert_eq!(one.public_key().len(), 89);
    }
}
