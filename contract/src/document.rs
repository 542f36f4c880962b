//! A document as far as it binds, and what two of them differ in.

use serde_json::{Map, Value};

use crate::change::Change;
use crate::operation::Comparison;
use crate::version::Version;

/// What is written for people and binds nobody.
const PROSE: [&str; 10] = [
    "contact",
    "deprecated",
    "description",
    "example",
    "examples",
    "externalDocs",
    "links",
    "summary",
    "tags",
    "title",
];

/// Where the keys are names that somebody chose, of fields and schemas, which
/// may be called as prose is.
const NAMED: [&str; 7] =
    ["content", "headers", "paths", "properties", "responses", "schemas", "securitySchemes"];

/// A document without its prose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract(pub(crate) Value);

impl Contract {
    /// What binds in an OpenAPI document.
    #[must_use]
    pub fn of(document: &Value) -> Self {
        let mut binding = document.clone();
        strip(&mut binding);
        Self(binding)
    }

    /// The version that the document has.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        Version::parse(self.0.get("info")?.get("version")?.as_str()?)
    }

    /// As it is written to a file.
    #[must_use]
    pub fn to_json(&self) -> String {
        format!("{:#}\n", self.0)
    }
}

/// Everything by which `new` breaks clients that were written for `old`.
#[must_use]
pub fn changes(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut comparison = Comparison::new(&old.0, &new.0);
    comparison.paths();
    comparison.changes
}

fn strip(part: &mut Value) {
    match part {
        Value::Object(object) => {
            object.retain(|key, _| !PROSE.contains(&key.as_str()));
            for (key, inner) in object.iter_mut() {
                match inner {
                    Value::Object(named) if NAMED.contains(&key.as_str()) => strip_each(named),
                    _ => strip(inner),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(strip),
        _ => {}
    }
}

fn strip_each(named: &mut Map<String, Value>) {
    named.values_mut().for_each(strip);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn prose_does_not_bind_and_fields_named_like_prose_do() {
        let document = json!({
            "info": {"title": "Warren", "version": "0.1.0"},
            "tags": [{"name": "A"}],
            "components": {"schemas": {"title": {"type": "object", "title": "T", "properties": {
                "description": {"type": "string", "description": "Says what."},
            }}}},
        });
        let binding = json!({
            "info": {"version": "0.1.0"},
            "components": {"schemas": {"title": {"type": "object", "properties": {
                "description": {"type": "string"},
            }}}},
        });
        let contract = Contract::of(&document);
        assert_eq!(contract.0, binding);
        assert_eq!(contract.version(), Version::parse("0.1.0"));
    }
}
