//! What a client hears of a channel that it gets nowhere with.

use poem::http::StatusCode;
use warren_domain::channel::{AccessError, ChangeError, Refusal};

use crate::account::accounts::sentence;
use crate::channel::named::naming;
use crate::http::problem::Problem;

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        match &error {
            AccessError::NotFound => Self::not_found("channel"),
            AccessError::NotAMember => {
                Self::new(StatusCode::FORBIDDEN, "not_a_member", sentence(&error))
            }
            AccessError::Database(_) => Self::internal(&error),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::NotAMember => "not_a_member",
            Refusal::Forbidden => "forbidden",
            Refusal::Archived => "channel_archived",
            Refusal::Direct => "direct_channel",
            Refusal::Permanent => "permanent_channel",
        };
        Self::new(StatusCode::FORBIDDEN, code, sentence(&refusal))
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        let conflict = |code| Self::new(StatusCode::CONFLICT, code, sentence(&error));
        match error {
            ChangeError::Access(error) => error.into(),
            ChangeError::Refused(refusal) => refusal.into(),
            ChangeError::NameTaken => conflict("name_taken"),
            ChangeError::TooMany(_) => {
                Self::new(StatusCode::FORBIDDEN, "too_many_channels", sentence(&error))
            }
            ChangeError::LastOwner => conflict("last_owner"),
            ChangeError::NoSuchMember => Self::not_found("member"),
            ChangeError::AlreadyAMember => conflict("already_a_member"),
            ChangeError::NoSuchInvitation => Self::not_found("invitation"),
            ChangeError::UnknownPeople(_) => naming(error, "username"),
        }
    }
}
