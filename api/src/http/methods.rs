//! Which methods a path has: what an answer 405 must say (RFC 9110, 15.5.6).

use serde_json::{Map, Value};

/// The paths of the API, each with its methods as the header `Allow` lists them.
#[derive(Debug)]
pub(crate) struct Methods(Vec<(String, String)>);

impl Methods {
    /// Those of an OpenAPI document, and those of `others`.
    pub(crate) fn of(document: &Value, others: &[(&str, &str)]) -> Self {
        let paths = document["paths"].as_object().into_iter().flat_map(Map::iter);
        let documented = paths.map(|(path, item)| (path.clone(), allow(item)));
        let others = others.iter().map(|(path, methods)| ((*path).into(), (*methods).into()));
        Self(documented.chain(others).collect())
    }

    /// Those of the path that a request names; a literal path wins over one
    /// with placeholders.
    pub(crate) fn of_path(&self, path: &str) -> Option<&str> {
        let candidates = self.0.iter().filter(|(template, _)| matches(template, path));
        let best = candidates.min_by_key(|(template, _)| template.matches('{').count());
        best.map(|(_, methods)| methods.as_str())
    }
}

/// Whoever answers GET answers HEAD.
fn allow(item: &Value) -> String {
    let mut methods: Vec<String> = Vec::new();
    for method in item.as_object().into_iter().flat_map(Map::keys) {
        methods.push(method.to_uppercase());
        if method == "get" {
            methods.push("HEAD".to_owned());
        }
    }
    methods.join(", ")
}

fn matches(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    let same_length = template.clone().count() == path.clone().count();
    same_length && template.zip(path).all(|(one, other)| one.starts_with('{') || one == other)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn path_has_the_methods_of_its_template() {
        let document = json!({"paths": {
            "/channels/{channel}": {"get": {}, "patch": {}},
            "/channels/browse": {"get": {}},
            "/login": {"post": {}},
        }});
        let methods = Methods::of(&document, &[("/ws", "GET")]);
        assert_eq!(methods.of_path("/channels/general"), Some("GET, HEAD, PATCH"));
        assert_eq!(methods.of_path("/channels/browse"), Some("GET, HEAD"));
        assert_eq!(methods.of_path("/login"), Some("POST"));
        assert_eq!(methods.of_path("/ws"), Some("GET"));
        assert_eq!(methods.of_path("/nothing"), None);
    }
}
