use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Network, SERVICE_DID};

/// How long an access token is good.
pub(crate) const ACCESS_LIFETIME_S: i64 = 2 * 3_600;
/// How long an unused refresh token is good.
pub(crate) const REFRESH_LIFETIME_S: i64 = 90 * 86_400;
const HMAC_BLOCK_BYTES: usize = 64;

/// What a token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Scope {
    #[serde(rename = "com.atproto.access")]
    Access,
    #[serde(rename = "com.atproto.appPass")]
    AppPass,
    #[serde(rename = "com.atproto.appPassPrivileged")]
    AppPassPrivileged,
    #[serde(rename = "com.atproto.takendown")]
    Takendown,
    #[serde(rename = "com.atproto.refresh")]
    Refresh,
    /// For another service, on behalf of the account; a real one has no scope and is signed with the account's key.
    #[serde(rename = "service")]
    Service,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) scope: Scope,
    pub(crate) aud: String,
    pub(crate) sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) jti: Option<String>,
    /// The method that a token for a service is good for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lxm: Option<String>,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenFault {
    Invalid,
    Expired,
}

impl Network {
    /// Makes a token in the form of the reference PDS: header, payload and HMAC-SHA256, each base64url.
    pub(crate) fn mint(&self, scope: Scope, did: &str, jti: Option<&str>) -> String {
        let (kind, lifetime_s) =
            if scope == Scope::Refresh { ("refresh+jwt", REFRESH_LIFETIME_S) } else { ("at+jwt", ACCESS_LIFETIME_S) };
        let iat = self.now().as_second();
        let payload = Claims {
            scope,
            aud: SERVICE_DID.to_owned(),
            sub: did.to_owned(),
            jti: jti.map(str::to_owned),
            lxm: None,
            iat,
            exp: iat + lifetime_s,
        };
        self.sign(kind, &payload)
    }

    /// Makes a token with which an account calls another service.
    pub(crate) fn mint_for_service(&self, did: &str, aud: &str, lxm: Option<&str>, exp: i64) -> String {
        let claims = Claims {
            scope: Scope::Service,
            aud: aud.to_owned(),
            sub: did.to_owned(),
            jti: None,
            lxm: lxm.map(str::to_owned),
            iat: self.now().as_second(),
            exp,
        };
        self.sign("JWT", &claims)
    }

    fn sign(&self, kind: &str, claims: &Claims) -> String {
        let header = json!({"typ": kind, "alg": "HS256"});
        let payload = serde_json::to_vec(claims).unwrap_or_default();
        let signed =
            format!("{}.{}", BASE64URL_NOPAD.encode(header.to_string().as_bytes()), BASE64URL_NOPAD.encode(&payload));
        let signature = BASE64URL_NOPAD.encode(&hmac_sha256(&self.token_secret, signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// Reads a token of this server; `refresh` says which kind is expected.
    pub(crate) fn verify(&self, token: &str, refresh: bool) -> Result<Claims, TokenFault> {
        let claims = self.verify_signature(token, refresh).ok_or(TokenFault::Invalid)?;
        if is_expired(&claims, self.now()) { Err(TokenFault::Expired) } else { Ok(claims) }
    }

    /// The same, but an expired token is good too: a session may always be ended.
    pub(crate) fn verify_signature(&self, token: &str, refresh: bool) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (_, payload) = signed.split_once('.')?;
        let expected = hmac_sha256(&self.token_secret, signed.as_bytes());
        if BASE64URL_NOPAD.decode(signature.as_bytes()).ok()? != expected {
            return None;
        }
        let claims: Claims = serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.as_bytes()).ok()?).ok()?;
        ((claims.scope == Scope::Refresh) == refresh).then_some(claims)
    }
}

fn is_expired(claims: &Claims, now: Timestamp) -> bool {
    claims.exp <= now.as_second()
}

fn hmac_sha256(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let pad = |with: u8| {
        let mut block = [with; HMAC_BLOCK_BYTES];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network_at(second: i64) -> Network {
        let mut network = Network::new("http://localhost:1".to_owned(), 1);
        network.set_now(Timestamp::from_second(second).unwrap());
        network
    }

    #[test]
    fn a_token_is_good_until_it_expires_and_only_as_its_own_kind() {
        let mut network = network_at(1_000);
        let token = network.mint(Scope::AppPass, "did:plc:x", None);
        let claims = network.verify(&token, false).unwrap();
        assert_eq!((claims.scope, claims.sub.as_str(), claims.exp), (Scope::AppPass, "did:plc:x", 8_200));
        assert_eq!(network.verify(&token, true), Err(TokenFault::Invalid));
        network.set_now(Timestamp::from_second(8_199).unwrap());
        assert!(network.verify(&token, false).is_ok());
        network.set_now(Timestamp::from_second(8_200).unwrap());
        assert_eq!(network.verify(&token, false), Err(TokenFault::Expired));
    }

    #[test]
    fn a_changed_token_is_refused() {
        let network = network_at(1_000);
        let token = network.mint(Scope::Refresh, "did:plc:x", Some("id"));
        assert!(network.verify(&token, true).is_ok());
        let forged = token.replacen("eyJ", "eyK", 1);
        for bad in [forged.as_str(), "abc", "", "a.b.c", &token[..token.len() - 2]] {
            assert_eq!(network.verify(bad, true), Err(TokenFault::Invalid), "{bad}");
        }
    }

    #[test]
    fn the_signature_is_hmac_sha256() {
        // RFC 4231, test case 1 has a 20-byte key; zero padding to 32 bytes does not change an HMAC.
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        let expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
        assert_eq!(data_encoding::HEXLOWER.encode(&hmac_sha256(&key, b"Hi There")), expected);
    }
}
