//! Access tokens: short-lived JWTs (RFC 7519) that name a user and a session.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use warren_domain::id::{SessionId, UserId};

/// How long an access token is good for, in seconds.
pub(crate) const LIFETIME_S: u64 = 15 * 60;

const ISSUER: &str = "warren";
const AUDIENCE: &str = "warren-api";
const TYPE: &str = "access";

/// Signs and checks access tokens with one secret and one algorithm (HS256).
pub(crate) struct Tokens {
    header: Header,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

/// Whom a valid token names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The user.
    pub user_id: UserId,
    /// Their session.
    pub session_id: SessionId,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    typ: String,
    sub: UserId,
    sid: SessionId,
    iat: u64,
    exp: u64,
}

impl Tokens {
    /// Tokens of this secret.
    #[must_use]
    pub(crate) fn new(secret: &[u8]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.leeway = 5;
        validation.validate_nbf = true;
        Self {
            header: Header { kid: Some("1".into()), ..Header::new(Algorithm::HS256) },
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
        }
    }

    /// A token that is good for [`LIFETIME_S`].
    ///
    /// # Errors
    /// If it cannot be signed.
    pub(crate) fn issue(&self, subject: Subject) -> Result<String, jsonwebtoken::errors::Error> {
        let now = jsonwebtoken::get_current_timestamp();
        let claims = Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            typ: TYPE.into(),
            sub: subject.user_id,
            sid: subject.session_id,
            iat: now,
            exp: now + LIFETIME_S,
        };
        encode(&self.header, &claims, &self.encoding)
    }

    /// Whom the token names, if it is one of ours, of this type, and in time.
    #[must_use]
    pub(crate) fn check(&self, token: &str) -> Option<Subject> {
        let claims = decode::<Claims>(token, &self.decoding, &self.validation).ok()?.claims;
        let subject = Subject { user_id: claims.sub, session_id: claims.sid };
        (claims.typ == TYPE).then_some(subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_names_its_subject_to_its_own_secret_only() {
        let tokens = Tokens::new(&[7; 32]);
        let subject = Subject { user_id: UserId::generate(), session_id: SessionId::generate() };
        let token = tokens.issue(subject).unwrap();
        assert_eq!(tokens.check(&token), Some(subject));
        assert_eq!(Tokens::new(&[8; 32]).check(&token), None);
        assert_eq!(tokens.check(&token[..token.len() - 2]), None);
        assert_eq!(tokens.check(""), None);
    }
}
