//! The checked-in AsyncAPI document: which frames there are, and their shapes.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;

use super::schema;

static FRAMES: LazyLock<Frames> = LazyLock::new(Frames::read);

/// What `openapi/asyncapi.yaml` promises.
pub struct Frames {
    document: Value,
    /// The types of frames that a client may send.
    pub client: BTreeSet<String>,
    /// The types of frames that the server may send.
    pub server: BTreeSet<String>,
}

impl Frames {
    /// The repository's document.
    pub fn get() -> &'static Self {
        &FRAMES
    }

    /// Holds a frame of the server's against its schema.
    ///
    /// # Panics
    /// If it is not as documented.
    pub fn check(&self, frame: &Value) {
        let kind = frame["type"].as_str().unwrap_or_default();
        assert!(self.server.contains(kind), "an unknown frame: {frame}");
        self.check_as(&format!("server_{kind}"), frame);
    }

    /// Holds each example in the document against the schema beside it.
    pub fn check_examples(&self) {
        for (key, message) in self.document["components"]["messages"].as_object().expect("some") {
            let examples = message["examples"].as_array();
            let examples = examples.unwrap_or_else(|| panic!("{key} has no examples"));
            assert!(!examples.is_empty(), "{key} has no examples");
            for example in examples {
                self.check_as(key, &example["payload"]);
            }
        }
    }

    fn check_as(&self, key: &str, frame: &Value) {
        let payload = &self.document["components"]["messages"][key]["payload"];
        assert!(payload["properties"].is_object(), "{key} has no schema");
        schema::check(&self.document, payload, frame, key);
    }

    /// The document as it is checked in.
    pub fn text() -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi/asyncapi.yaml");
        std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error} (make openapi)", path.display()))
    }

    fn read() -> Self {
        let document: Value = serde_yaml::from_str(&Self::text()).expect("asyncapi.yaml is YAML");
        let (client, server) = (names(&document, "receive"), names(&document, "send"));
        Self { document, client, server }
    }
}

/// The types of the frames that the server receives, or sends.
fn names(document: &Value, action: &str) -> BTreeSet<String> {
    let operations = document["operations"].as_object().expect("operations");
    let of_action = operations.iter().filter(|(_, operation)| operation["action"] == action);
    let name = |(key, _): (&String, &Value)| {
        let name = &document["components"]["messages"][key]["name"];
        name.as_str().expect("a name").to_owned()
    };
    of_action.map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_as_their_schemas_say() {
        Frames::get().check_examples();
    }
}
