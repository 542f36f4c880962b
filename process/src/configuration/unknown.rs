//! The refusal of keys that nobody knows.

use super::error::ConfigurationError;

/// Refuses a name that is not among the known ones, and suggests the nearest of them.
pub(super) fn refuse(name: &str, known: &[String]) -> Result<(), ConfigurationError> {
    if known.iter().any(|candidate| candidate == name) {
        return Ok(());
    }
    let nearest = known
        .iter()
        .min_by_key(|candidate| strsim::damerau_levenshtein(candidate, name))
        .map_or("", String::as_str);
    let message = format!("is not a setting of Warren; the nearest is {nearest}");
    Err(ConfigurationError::new(name, message))
}
