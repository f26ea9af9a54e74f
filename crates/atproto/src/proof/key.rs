//! Public keys of accounts: P-256 and secp256k1, as DID documents name them.

use std::fmt;

use k256::ecdsa::signature::Verifier;
use multibase::Base;

use super::SignatureFault;
use crate::syntax::SyntaxError;

const KIND: &str = "a public key";
const DID_KEY: &str = "did:key:";
/// Multicodec p256-pub (0x1200), as a varint.
const P256_PREFIX: [u8; 2] = [0x80, 0x24];
/// Multicodec secp256k1-pub (0xe7), as a varint.
const K256_PREFIX: [u8; 2] = [0xe7, 0x01];
/// A compressed point.
const POINT_BYTES: usize = 33;
/// A compressed point has about 50 characters, an uncompressed one about 90.
const TEXT_MAX_BYTES: usize = 200;

/// An account's public key. Its text form is a `did:key`.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    point: Point,
    text: String,
}

#[derive(Clone, PartialEq, Eq)]
enum Point {
    P256(p256::ecdsa::VerifyingKey),
    K256(k256::ecdsa::VerifyingKey),
}

impl PublicKey {
    /// Reads a `did:key:z…` of P-256 or secp256k1.
    ///
    /// # Errors
    /// If it is of another form or curve, or no point of its curve.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let refuse = |rule| SyntaxError::new(KIND, rule, text);
        let multibase = text.strip_prefix(DID_KEY).ok_or_else(|| refuse("it must begin with did:key:"))?;
        Self::of_multikey(multibase).map_err(refuse)
    }

    /// Reads a verification method of a DID document: its type and its `publicKeyMultibase`. Besides `Multikey`, the two
    /// types are read that documents had before it.
    ///
    /// # Errors
    /// If the type is not known, or the key cannot be read.
    pub fn of_method(kind: &str, multibase: &str) -> Result<Self, SyntaxError> {
        let refuse = |rule| SyntaxError::new(KIND, rule, multibase);
        match kind {
            "Multikey" => Self::of_multikey(multibase).map_err(refuse),
            "EcdsaSecp256r1VerificationKey2019" => Self::of_p256(&bytes_of(multibase).map_err(refuse)?).map_err(refuse),
            "EcdsaSecp256k1VerificationKey2019" => Self::of_k256(&bytes_of(multibase).map_err(refuse)?).map_err(refuse),
            _ => Err(SyntaxError::new("a kind of public key", "it must be Multikey", kind)),
        }
    }

    fn of_multikey(multibase: &str) -> Result<Self, &'static str> {
        let bytes = bytes_of(multibase)?;
        match bytes.split_first_chunk::<2>() {
            Some((_, point)) if point.len() != POINT_BYTES => Err("it must be a compressed point of 33 bytes"),
            Some((&P256_PREFIX, point)) => Self::of_p256(point),
            Some((&K256_PREFIX, point)) => Self::of_k256(point),
            _ => Err("only keys of P-256 and secp256k1 are used by the network"),
        }
    }

    fn of_p256(point: &[u8]) -> Result<Self, &'static str> {
        let point = usual(point)?;
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(|_| "it is no point of the curve P-256")?;
        let text = did_key(P256_PREFIX, key.to_sec1_point(true).as_bytes());
        Ok(Self { point: Point::P256(key), text })
    }

    fn of_k256(point: &[u8]) -> Result<Self, &'static str> {
        let point = usual(point)?;
        let key =
            k256::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(|_| "it is no point of the curve secp256k1")?;
        let text = did_key(K256_PREFIX, key.to_sec1_point(true).as_bytes());
        Ok(Self { point: Point::K256(key), text })
    }

    /// The key as a `did:key`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name of its curve: `P-256` or `secp256k1`.
    pub const fn curve(&self) -> &'static str {
        match self.point {
            Point::P256(_) => "P-256",
            Point::K256(_) => "secp256k1",
        }
    }

    /// Checks a signature (64 bytes, low-S) over the SHA-256 of a message.
    ///
    /// # Errors
    /// Why it is not accepted.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureFault> {
        match &self.point {
            Point::P256(key) => {
                let signature = p256::ecdsa::Signature::from_slice(signature).map_err(|_| SignatureFault::Form)?;
                if signature.normalize_s() != signature {
                    return Err(SignatureFault::HighS);
                }
                key.verify(message, &signature).map_err(|_| SignatureFault::Wrong)
            }
            Point::K256(key) => {
                let signature = k256::ecdsa::Signature::from_slice(signature).map_err(|_| SignatureFault::Form)?;
                if signature.normalize_s() != signature {
                    return Err(SignatureFault::HighS);
                }
                key.verify(message, &signature).map_err(|_| SignatureFault::Wrong)
            }
        }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn bytes_of(multibase: &str) -> Result<Vec<u8>, &'static str> {
    // Decoding base 58 takes time by the square of the length.
    if multibase.len() > TEXT_MAX_BYTES {
        return Err("it is longer than any key");
    }
    if !multibase.starts_with(Base::Base58Btc.code()) {
        return Err("it must be in base58btc: z, then letters and digits");
    }
    multibase::decode(multibase)
        .map(|(_, bytes)| bytes)
        .map_err(|_| "it must be in base58btc: z, then letters and digits")
}

/// A point, compressed or not. The curves' code also reads a third form that nobody else does.
fn usual(point: &[u8]) -> Result<&[u8], &'static str> {
    if matches!(point.first(), Some(2..=4)) { Ok(point) } else { Err("it is no point in a usual form") }
}

fn did_key(prefix: [u8; 2], point: &[u8]) -> String {
    format!("{DID_KEY}{}", multibase::encode(Base::Base58Btc, [&prefix, point].concat()))
}
