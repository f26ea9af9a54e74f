//! What a token says about itself. Nothing here is verified: only the server that issued it can do that.

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// The claims of a token, as far as it shows any. A token that is not a JWT has none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) scope: Option<String>,
    pub(super) expires: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Payload {
    scope: Option<String>,
    exp: Option<i64>,
}

impl Claims {
    pub(super) fn read(token: &SecretString) -> Self {
        let payload = token.expose_secret().split('.').nth(1);
        let bytes = payload.and_then(|text| BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes()).ok());
        let Some(payload) = bytes.and_then(|bytes| serde_json::from_slice::<Payload>(&bytes).ok()) else {
            return Self::default();
        };
        let expires = payload.exp.and_then(|seconds| Timestamp::from_second(seconds).ok());
        Self { scope: payload.scope, expires }
    }

    /// The scope that only a login with the account's main password gives.
    pub(super) fn is_of_main_password(&self) -> bool {
        self.scope.as_deref() == Some("com.atproto.access")
    }
}

/// Whether a password has the form of an app password: four groups of four letters or digits.
pub(super) fn looks_like_app_password(password: &SecretString) -> bool {
    let mut groups = 0;
    let well_formed = password.expose_secret().split('-').all(|group| {
        groups += 1;
        group.len() == 4 && group.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    well_formed && groups == 4
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::properties::{DID, near};

    #[test]
    fn claims_are_read_from_a_jwt_and_from_nothing_else() {
        let payload = BASE64URL_NOPAD.encode(br#"{"scope":"com.atproto.access","exp":1795000000,"sub":"did:plc:x"}"#);
        let claims = Claims::read(&format!("h.{payload}.s").into());
        assert!(claims.is_of_main_password());
        assert_eq!(claims.expires, Some(Timestamp::from_second(1_795_000_000).unwrap()));
        for opaque in ["", "abc", "a.b.c", "a.!!.c", "a.e30.c"] {
            assert_eq!(Claims::read(&opaque.into()), Claims::default(), "{opaque}");
        }
    }

    proptest! {
        #[test]
        fn any_token_has_claims_or_none(
            payload in near(&json!({"scope": "com.atproto.appPass", "sub": DID, "exp": 1_795_000_000})),
            any_text in ".{0,60}",
            padding in "={0,2}",
        ) {
            let payload = BASE64URL_NOPAD.encode(&payload);
            for token in [format!("a.{payload}{padding}.c"), any_text.clone(), format!("a.{any_text}")] {
                let claims = Claims::read(&token.into());
                prop_assert!(!claims.is_of_main_password() || claims.scope.is_some());
            }
            prop_assert!(!looks_like_app_password(&any_text.clone().into()) || any_text.len() == 19);
        }
    }

    #[test]
    fn app_passwords_have_a_form() {
        for yes in ["abcd-efgh-ijkl-mnop", "a2c4-e6g8-1234-ZZZZ"] {
            assert!(looks_like_app_password(&yes.into()), "{yes}");
        }
        for no in
            ["", "hunter2", "abcd-efgh-ijkl", "abcd-efgh-ijkl-mnop-qrst", "abcd-efgh-ijkl-mno!", "abcd-efgh-ijkl-mnöp"]
        {
            assert!(!looks_like_app_password(&no.into()), "{no}");
        }
    }
}
