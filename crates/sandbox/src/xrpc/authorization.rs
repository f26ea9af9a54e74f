use super::Refusal;
use crate::network::{AccountState, Claims, Network, SERVICE_DID, Scope, TokenFault};

/// Whose call a method takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Auth {
    /// Anybody's; a token is not looked at.
    Open,
    /// Anybody's; a token must be good if there is one.
    Optional,
    /// Somebody's who logged in, by main or app password.
    Session,
    /// The same, refused at once if the account was taken down.
    SessionInGoodStanding,
    /// Somebody's who logged in by main password.
    MainPassword,
    /// A refresh token.
    Refresh,
    /// A refresh token, even if it has expired.
    RefreshEvenExpired,
    /// A token for a service, made for one of these methods.
    Service(&'static [&'static str]),
}

impl Auth {
    /// Checks the `Authorization` header.
    pub(super) fn check(self, network: &Network, header: Option<&str>) -> Result<Option<Claims>, Refusal> {
        let refresh = matches!(self, Self::Refresh | Self::RefreshEvenExpired);
        let token = match (self, header) {
            (Self::Open, _) | (Self::Optional, None) => return Ok(None),
            (_, None) => return Err(Refusal::auth_missing()),
            (_, Some(header)) => bearer(header)?,
        };
        let claims = if self == Self::RefreshEvenExpired {
            network.verify_signature(token, true).ok_or(TokenFault::Invalid)
        } else {
            network.verify(token, refresh)
        };
        let claims = claims.map_err(|fault| match fault {
            TokenFault::Invalid => Refusal::bad_token("Token could not be verified"),
            TokenFault::Expired => Refusal::token_expired(),
        })?;
        if let Self::Service(methods) = self {
            return check_service(claims, methods).map(Some);
        }
        self.check_scope(claims.scope)?;
        if matches!(self, Self::SessionInGoodStanding | Self::MainPassword) {
            let account = network.account(&claims.sub).ok_or_else(Refusal::account_not_found)?;
            if account.state == AccountState::Takendown {
                return Err(Refusal::takedown());
            }
        }
        Ok(Some(claims))
    }

    fn check_scope(self, scope: Scope) -> Result<(), Refusal> {
        let allowed = match self {
            Self::Open | Self::Optional => true,
            Self::Session | Self::SessionInGoodStanding => {
                matches!(scope, Scope::Access | Scope::AppPass | Scope::AppPassPrivileged)
            }
            Self::MainPassword => scope == Scope::Access,
            Self::Refresh | Self::RefreshEvenExpired => scope == Scope::Refresh,
            Self::Service(_) => scope == Scope::Service,
        };
        if allowed { Ok(()) } else { Err(Refusal::bad_token("Bad token scope")) }
    }
}

/// The words are the sandbox's own: what the video service says is nowhere written.
fn check_service(claims: Claims, methods: &[&str]) -> Result<Claims, Refusal> {
    let refuse = |error, message: &str| Err(Refusal::new(401, error, message));
    if claims.scope != Scope::Service {
        return refuse("BadJwt", "a token of a session is not one for a service");
    }
    if claims.aud != SERVICE_DID {
        return refuse("BadJwtAudience", &format!("jwt audience is {}, not {SERVICE_DID}", claims.aud));
    }
    if !claims.lxm.as_deref().is_some_and(|method| methods.contains(&method)) {
        return refuse("BadJwtLexiconMethod", &format!("jwt lxm must be one of {}", methods.join(", ")));
    }
    Ok(claims)
}

fn bearer(header: &str) -> Result<&str, Refusal> {
    let Some((kind, token)) = header.split_once(' ').filter(|(_, token)| !token.contains(' ')) else {
        return Err(Refusal::bad_token("Malformed authorization header"));
    };
    match kind.to_ascii_uppercase().as_str() {
        "BEARER" => Ok(token),
        "BASIC" | "DPOP" => Err(Refusal::bad_token("Unexpected authorization type")),
        _ => Err(Refusal::bad_token(&format!("Unsupported authorization type: {kind}"))),
    }
}
