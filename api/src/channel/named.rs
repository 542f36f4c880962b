//! People whom a request names.

use std::ops::RangeInclusive;

use validator::ValidationError;
use warren_domain::account::Username;
use warren_domain::channel::ChangeError;

use crate::http::problem::{FieldError, Problem};

/// As many usernames as that, each of which somebody could have.
///
/// # Errors
/// Which rule is broken.
pub(crate) fn check_usernames(
    names: &[String],
    count: RangeInclusive<usize>,
) -> Result<(), ValidationError> {
    if !count.contains(&names.len()) {
        let message = format!("{} to {} usernames", count.start(), count.end());
        return Err(ValidationError::new("count").with_message(message.into()));
    }
    names.iter().try_for_each(|name| crate::http::body::rule(Username::parse(name)))
}

/// The usernames in a field that was validated.
///
/// # Errors
/// 422.
pub(crate) fn usernames(field: &str, names: &[String]) -> Result<Vec<Username>, Problem> {
    let parsed = names.iter().map(|name| Username::parse(name));
    parsed.collect::<Result<_, _>>().map_err(|invalid| Problem::invalid_field(field, &invalid))
}

/// What a change failed of, where the request names people in `field`.
pub(crate) fn naming(error: ChangeError, field: &str) -> Problem {
    match error {
        ChangeError::UnknownPeople(_) => Problem::invalid_fields(vec![FieldError {
            field: field.into(),
            code: "unknown_user".into(),
            message: error.to_string(),
        }]),
        other => other.into(),
    }
}
