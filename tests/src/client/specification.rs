//! The checked-in OpenAPI document, as far as clients are checked against it.

use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;

static DOCUMENT: LazyLock<Specification> = LazyLock::new(Specification::read);

/// What `openapi/openapi.json` promises.
pub struct Specification {
    /// The document itself.
    pub document: Value,
    /// Its operations.
    pub operations: Vec<Operation>,
}

/// One method of one path.
#[derive(Clone, Debug)]
pub struct Operation {
    pub id: String,
    pub method: String,
    /// With `{placeholders}`.
    pub path: String,
    /// The documented statuses, without `default`.
    pub statuses: Vec<u16>,
    pub has_json_body: bool,
    pub is_authenticated: bool,
    responses: Value,
}

impl Specification {
    /// The repository's document.
    pub fn get() -> &'static Self {
        &DOCUMENT
    }

    /// The operation that a request calls. A literal path wins over one with
    /// placeholders.
    pub fn find(&self, method: &str, path: &str) -> Option<&Operation> {
        let path = path.split('?').next().unwrap_or(path);
        let candidates = self.operations.iter();
        candidates
            .filter(|operation| operation.method == method && matches(&operation.path, path))
            .min_by_key(|operation| operation.path.matches('{').count())
    }

    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi/openapi.json");
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error} (make openapi)", path.display()));
        let document: Value = serde_json::from_str(&text).expect("openapi.json is JSON");
        let operations = operations_of(&document);
        Self { document, operations }
    }
}

impl Operation {
    /// The schema of the JSON body of a status, if it has one.
    pub fn schema(&self, status: u16) -> Option<&Value> {
        let content = self.response(status)?.get("content")?.as_object()?;
        content.iter().find(|(media_type, _)| media_type.contains("json"))?.1.get("schema")
    }

    fn response(&self, status: u16) -> Option<&Value> {
        self.responses.get(status.to_string()).or_else(|| self.responses.get("default"))
    }
}

fn operations_of(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().expect("paths");
    let mut operations = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("a path item") {
            if operation.get("operationId").is_some() {
                operations.push(operation_of(document, path, method, operation));
            }
        }
    }
    operations
}

fn operation_of(document: &Value, path: &str, method: &str, operation: &Value) -> Operation {
    let responses = operation["responses"].as_object().expect("responses");
    Operation {
        id: operation["operationId"].as_str().expect("an id").to_owned(),
        method: method.to_uppercase(),
        path: format!("{}{path}", base_path(document)),
        statuses: responses.keys().filter_map(|status| status.parse().ok()).collect(),
        has_json_body: operation["requestBody"]["content"].get("application/json").is_some(),
        is_authenticated: operation["security"].as_array().is_some_and(|list| !list.is_empty()),
        responses: operation["responses"].clone(),
    }
}

/// The path of the first server, without a slash at its end.
fn base_path(document: &Value) -> String {
    let url = document["servers"][0]["url"].as_str().unwrap_or_default();
    let path = url::Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.path().to_owned());
    path.trim_end_matches('/').to_owned()
}

fn matches(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    let same_length = template.clone().count() == path.clone().count();
    same_length && template.zip(path).all(|(one, other)| one.starts_with('{') || one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_path_wins_over_a_placeholder() {
        let operation = |id: &str| serde_json::json!({"operationId": id, "responses": {"200": {}}});
        let document = serde_json::json!({"paths": {
            "/v1/channels/{channel}": {"get": operation("one")},
            "/v1/channels/browse": {"get": operation("browse")},
        }});
        let specification = Specification { operations: operations_of(&document), document };
        let found = |path: &str| specification.find("GET", path).map(|one| one.id.as_str());
        assert_eq!(found("/v1/channels/browse?limit=1"), Some("browse"));
        assert_eq!(found("/v1/channels/general"), Some("one"));
        assert_eq!(found("/v1/channels/general/join"), None);
        assert!(specification.find("POST", "/v1/channels/general").is_none());
    }
}
