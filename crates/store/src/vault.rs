//! Encryption of secrets at rest.
//!
//! A sealed value is: version (1 byte), key id (8 bytes), nonce (24 bytes), ciphertext with its tag (XChaCha20-Poly1305,
//! whose nonce is long enough to be drawn at random). The key is derived from the master key for one purpose; table,
//! column and row are authenticated, so a value that was copied to another place does not open.

use std::fmt;
use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use skein_domain::ports::Entropy;
use zeroize::Zeroizing;

use crate::MasterKey;

const VERSION: u8 = 1;
const KEY_ID_BYTES: usize = 8;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const HEADER_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_BYTES;
const KEY_BYTES: usize = 32;

/// Why a sealed value does not open, or a value cannot be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Shorter than the shortest sealed value.
    #[error("it was cut short")]
    Truncated,
    /// Sealed in a way that this program does not know.
    #[error("it is sealed in format {0}, which this version does not know; run a newer Skein")]
    UnknownVersion(u8),
    /// Sealed with another master key.
    #[error("it was made with another master key")]
    OtherKey,
    /// Changed, or copied from another row.
    #[error("it was changed, or belongs to another row")]
    Tampered,
    /// Longer than the cipher takes.
    #[error("it is too long to be encrypted")]
    TooLong,
}

/// What a derived key is for. One purpose cannot open what another has sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Sessions and tokens of accounts.
    Sessions,
    /// The value that tells a wrong master key.
    KeyCheck,
}

impl Purpose {
    fn context(self) -> &'static [u8] {
        match self {
            Self::Sessions => b"skein/vault/1/sessions",
            Self::KeyCheck => b"skein/vault/1/key-check",
        }
    }
}

/// Where a sealed value is stored.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The parts of the row's key.
    pub row: &'a [&'a str],
}

impl Place<'_> {
    // Each part is preceded by its length, so that no two places have the same bytes.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        for part in [self.table, self.column].into_iter().chain(self.row.iter().copied()) {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

/// Seals and opens secrets.
pub struct Vault {
    master: MasterKey,
    key_id: [u8; KEY_ID_BYTES],
    entropy: Arc<dyn Entropy>,
}

impl Vault {
    /// A vault under a master key; nonces are drawn from `entropy`.
    pub fn new(master: MasterKey, entropy: Arc<dyn Entropy>) -> Self {
        let mut key_id = [0; KEY_ID_BYTES];
        derive(&master, b"skein/vault/1/key-id", &mut key_id);
        Self { master, key_id, entropy }
    }

    /// A name of the master key that tells nothing about it, in hex.
    pub fn key_id(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.key_id)
    }

    /// Seals a secret for one place.
    pub fn seal(&self, purpose: Purpose, place: &Place<'_>, secret: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut nonce = XNonce::default();
        self.entropy.fill(&mut nonce);
        let payload = Payload { msg: secret, aad: &place.bytes() };
        let ciphertext = self.cipher(purpose).encrypt(&nonce, payload).map_err(|_| VaultError::TooLong)?;
        let mut sealed = Vec::with_capacity(HEADER_BYTES + ciphertext.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.key_id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(sealed)
    }

    /// Opens what was sealed for the same purpose and place.
    pub fn open(&self, purpose: Purpose, place: &Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (&version, rest) = sealed.split_first().ok_or(VaultError::Truncated)?;
        if version != VERSION {
            return Err(VaultError::UnknownVersion(version));
        }
        if sealed.len() < HEADER_BYTES + TAG_BYTES {
            return Err(VaultError::Truncated);
        }
        let (key_id, rest) = rest.split_at(KEY_ID_BYTES);
        if key_id != self.key_id {
            return Err(VaultError::OtherKey);
        }
        let (nonce, ciphertext) = rest.split_at(NONCE_BYTES);
        let nonce = XNonce::try_from(nonce).map_err(|_| VaultError::Truncated)?;
        self.cipher(purpose)
            .decrypt(&nonce, Payload { msg: ciphertext, aad: &place.bytes() })
            .map(Zeroizing::new)
            .map_err(|_| VaultError::Tampered)
    }

    fn cipher(&self, purpose: Purpose) -> XChaCha20Poly1305 {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        derive(&self.master, purpose.context(), &mut *key);
        let mut key_array = Key::from(*key);
        let cipher = XChaCha20Poly1305::new(&key_array);
        zeroize::Zeroize::zeroize(key_array.as_mut_slice());
        cipher
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("key_id", &self.key_id()).finish_non_exhaustive()
    }
}

fn derive(master: &MasterKey, context: &[u8], into: &mut [u8]) {
    let expanded = Hkdf::<Sha256>::new(None, master.expose()).expand(context, into);
    // HKDF-SHA-256 refuses only outputs over 8160 bytes; the ones here have 8 and 32.
    debug_assert!(expanded.is_ok());
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place<'static> = Place { table: "sessions", column: "ciphertext", row: &["did:plc:a", "pds"] };
    const SECRET: &[u8] = b"refresh token";

    struct Ones;
    impl Entropy for Ones {
        fn fill(&self, into: &mut [u8]) {
            into.fill(1);
        }
    }

    fn vault(key: u8) -> Vault {
        let text = data_encoding::BASE64.encode(&[key; 32]);
        Vault::new(MasterKey::from_base64(&text).unwrap(), Arc::new(Ones))
    }

    #[test]
    fn what_was_sealed_opens_in_its_place_and_is_not_in_the_clear() {
        let sealed = vault(7).seal(Purpose::Sessions, &HERE, SECRET).unwrap();
        assert!(!sealed.windows(SECRET.len()).any(|window| window == SECRET));
        assert_eq!(vault(7).open(Purpose::Sessions, &HERE, &sealed).unwrap().as_slice(), SECRET);
    }

    #[test]
    fn any_changed_bit_is_told() {
        let sealed = vault(7).seal(Purpose::Sessions, &HERE, SECRET).unwrap();
        for position in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[position] ^= 1 << bit;
                assert!(vault(7).open(Purpose::Sessions, &HERE, &changed).is_err(), "byte {position} bit {bit}");
            }
        }
    }

    #[test]
    fn any_shorter_value_is_told() {
        let sealed = vault(7).seal(Purpose::Sessions, &HERE, SECRET).unwrap();
        for length in 0..sealed.len() {
            assert!(vault(7).open(Purpose::Sessions, &HERE, &sealed[..length]).is_err(), "{length} bytes");
        }
        assert_eq!(vault(7).open(Purpose::Sessions, &HERE, &[]), Err(VaultError::Truncated));
    }

    #[test]
    fn another_place_purpose_or_key_does_not_open() {
        let sealed = vault(7).seal(Purpose::Sessions, &HERE, SECRET).unwrap();
        let elsewhere = [
            Place { table: "accounts", ..HERE },
            Place { column: "version", ..HERE },
            Place { row: &["did:plc:b", "pds"], ..HERE },
            Place { row: &["did:plc:ap", "ds"], ..HERE },
            Place { row: &["did:plc:apds"], ..HERE },
        ];
        for place in &elsewhere {
            assert_eq!(vault(7).open(Purpose::Sessions, place, &sealed), Err(VaultError::Tampered), "{place:?}");
        }
        assert_eq!(vault(7).open(Purpose::KeyCheck, &HERE, &sealed), Err(VaultError::Tampered));
        assert_eq!(vault(8).open(Purpose::Sessions, &HERE, &sealed), Err(VaultError::OtherKey));
    }

    #[test]
    fn a_newer_format_is_named() {
        let mut sealed = vault(7).seal(Purpose::Sessions, &HERE, SECRET).unwrap();
        sealed[0] = 2;
        assert_eq!(vault(7).open(Purpose::Sessions, &HERE, &sealed), Err(VaultError::UnknownVersion(2)));
    }

    #[test]
    fn debug_shows_no_key() {
        let shown = format!("{:?}", vault(7));
        assert!(shown.contains(&vault(7).key_id()), "{shown}");
        assert!(!shown.contains('7') || vault(7).key_id().contains('7'), "{shown}");
    }
}
