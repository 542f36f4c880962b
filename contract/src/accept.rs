//! Which document may be the contract now.

use serde_json::Value;

use crate::change::Change;
use crate::document::{Contract, changes};
use crate::version::Version;

/// Why a document is not the contract.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AcceptError {
    /// It breaks clients, and its version does not say so.
    #[error(
        "version {version} breaks what clients of {accepted} rely on:\n{}\n\
         Keep it as it was, or say so by the version in Cargo.toml (before 1.0 by its second \
         number, then by its first). If it never landed, begin with the contract.json that did.",
        lines(changes)
    )]
    Breaks {
        /// The document's version.
        version: Version,
        /// The version that was accepted last.
        accepted: Version,
        /// Everything that breaks somebody.
        changes: Vec<Change>,
    },
    /// It has what was never accepted.
    #[error("the contract has changed without breaking anybody: accept it with `make contract`")]
    NotAccepted,
    /// It has no version of three numbers.
    #[error("the document has no version like 1.2.3")]
    NoVersion,
}

/// The contract that `document` makes, in place of `accepted`.
///
/// # Errors
/// [`AcceptError::Breaks`] and [`AcceptError::NoVersion`].
pub fn accept(document: &Value, accepted: Option<&Value>) -> Result<Contract, AcceptError> {
    let new = Contract::of(document);
    let version = new.version().ok_or(AcceptError::NoVersion)?;
    if let Some(accepted) = accepted.map(Contract::of) {
        let before = accepted.version().ok_or(AcceptError::NoVersion)?;
        let changes = changes(&accepted, &new);
        if !changes.is_empty() && !version.may_break(before) {
            return Err(AcceptError::Breaks { version, accepted: before, changes });
        }
    }
    Ok(new)
}

/// That `document` is what was accepted.
///
/// # Errors
/// [`AcceptError`].
pub fn check(document: &Value, accepted: &Value) -> Result<(), AcceptError> {
    match accept(document, Some(accepted))? == Contract::of(accepted) {
        true => Ok(()),
        false => Err(AcceptError::NotAccepted),
    }
}

fn lines(changes: &[Change]) -> String {
    let lines: Vec<String> = changes.iter().map(|change| format!("  {change}")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(version: &str, paths: &[&str]) -> Value {
        let items = paths.iter().map(|path| ((*path).to_owned(), json!({"get": {}}))).collect();
        json!({"info": {"version": version}, "paths": Value::Object(items)})
    }

    #[test]
    fn break_is_accepted_only_with_a_version_that_says_so() {
        let old = document("0.1.0", &["/a", "/b"]);
        assert!(matches!(
            accept(&document("0.1.1", &["/a"]), Some(&old)),
            Err(AcceptError::Breaks { changes, .. }) if changes.len() == 1
        ));
        assert!(accept(&document("0.2.0", &["/a"]), Some(&old)).is_ok());
    }

    #[test]
    fn growth_is_accepted_but_has_to_be() {
        let old = document("0.1.0", &["/a"]);
        let new = document("0.1.0", &["/a", "/b"]);
        assert_eq!(check(&new, &old), Err(AcceptError::NotAccepted));
        let accepted = accept(&new, Some(&old)).unwrap();
        assert_eq!(check(&new, &accepted.0), Ok(()));
    }

    #[test]
    fn new_version_has_to_be_accepted_even_if_nothing_else_is_new() {
        let (old, new) = (document("0.1.0", &["/a"]), document("0.2.0", &["/a"]));
        assert_eq!(check(&new, &old), Err(AcceptError::NotAccepted));
    }

    #[test]
    fn first_document_is_accepted_if_it_has_a_version() {
        assert!(accept(&document("0.1.0", &[]), None).is_ok());
        assert_eq!(accept(&document("one", &[]), None), Err(AcceptError::NoVersion));
    }

    #[test]
    fn refusal_names_what_breaks() {
        let (old, new) = (document("0.1.0", &["/a"]), document("0.1.0", &[]));
        let refusal = accept(&new, Some(&old)).unwrap_err().to_string();
        assert!(refusal.contains("GET /a: the operation is gone"), "{refusal}");
    }
}
