//! The OpenAPI document: what poem-openapi writes, made as exact as the
//! behaviour is. Clients are generated from it, so each inexactness would be
//! one of theirs.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Keywords whose value is a number.
const BOUNDS: [&str; 2] = ["minimum", "maximum"];

/// Whose answer has the `id` that paths with this beginning are about.
const LINKS: [(&str, &str); 2] =
    [("postMessage", "/v1/messages/{id}"), ("inviteMember", "/v1/invitations/{id}")];

/// The document, refined. What is no JSON stays as it is.
pub(crate) fn refine(written: &str) -> Value {
    let mut document = serde_json::from_str(written).unwrap_or_default();
    write_paths(&mut document);
    refine_schemas(&mut document);
    close_requests(&mut document);
    for (operation_id, path) in LINKS {
        link(&mut document, operation_id, path);
    }
    document
}

/// A parameter in the beginning that several operations share stays as poem
/// writes it, `:name`.
fn write_paths(document: &mut Value) {
    let Some(Value::Object(paths)) = document.get_mut("paths") else { return };
    for (path, item) in std::mem::take(paths) {
        let segments = path.split('/').map(|segment| match segment.strip_prefix(':') {
            Some(name) => format!("{{{name}}}"),
            None => segment.to_owned(),
        });
        let written = segments.collect::<Vec<_>>().join("/");
        match (paths.get_mut(&written), item) {
            (Some(Value::Object(known)), Value::Object(more)) => known.extend(more),
            (_, item) => drop(paths.insert(written, item)),
        }
    }
}

/// Every part of the document that is, or holds, a schema.
fn refine_schemas(part: &mut Value) {
    match part {
        Value::Object(object) => {
            drop_lone_descriptions(object);
            bound_integers(object);
            object.values_mut().for_each(refine_schemas);
        }
        Value::Array(list) => list.iter_mut().for_each(refine_schemas),
        _ => {}
    }
}

/// A described reference is written as `allOf` of the reference and of a schema
/// that has nothing but the description, which stands beside `allOf` already.
fn drop_lone_descriptions(schema: &mut Map<String, Value>) {
    let Some(Value::Array(parts)) = schema.get_mut("allOf") else { return };
    let says_nothing = |part: &Value| {
        part.as_object().is_some_and(|part| part.keys().all(|key| key == "description"))
    };
    parts.retain(|part| !says_nothing(part));
}

/// An unsigned integer is none below 0, and its bounds are integers.
fn bound_integers(schema: &mut Map<String, Value>) {
    if schema.get("type") != Some(&json!("integer")) {
        return;
    }
    for bound in BOUNDS {
        if let Some(value) = schema.get(bound).and_then(whole) {
            schema.insert(bound.to_owned(), value.into());
        }
    }
    let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
    if format.starts_with("uint") && !schema.contains_key("minimum") {
        schema.insert("minimum".to_owned(), 0.into());
    }
}

fn whole(number: &Value) -> Option<i64> {
    number.as_f64().filter(|number| number.fract() == 0.0)?.to_string().parse().ok()
}

/// Bodies are read strictly: an unknown field is refused, while `null` is as
/// good as the absence of an optional one. Answers stay open, since they will
/// get fields.
fn close_requests(document: &mut Value) {
    let mut names = BTreeSet::new();
    for (_, operation) in operations(document) {
        collect_references(document, &operation["requestBody"], &mut names);
    }
    for name in names {
        if let Some(schema) = document.pointer_mut(&format!("/components/schemas/{name}"))
            && schema["type"] == "object"
        {
            schema["additionalProperties"] = false.into();
            allow_null(schema);
        }
    }
}

/// From the successes of `operation_id` to all that can be done under `path`.
fn link(document: &mut Value, operation_id: &str, path: &str) {
    let links: Map<String, Value> = operations(document)
        .filter(|(place, _)| place.starts_with(path))
        .filter_map(|(_, operation)| operation["operationId"].as_str())
        .map(|target| {
            let parameters = json!({"id": "$response.body#/id"});
            (target.to_owned(), json!({"operationId": target, "parameters": parameters}))
        })
        .collect();
    let items = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    let all = items.filter_map(Value::as_object_mut).flat_map(Map::values_mut);
    for operation in all.filter(|operation| operation["operationId"] == operation_id) {
        let answers = operation["responses"].as_object_mut().into_iter().flatten();
        for (_, answer) in answers.filter(|(status, _)| status.starts_with('2')) {
            answer["links"] = links.clone().into();
        }
    }
}

/// Each operation with its path.
fn operations(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let items = document["paths"].as_object().into_iter().flatten();
    items.flat_map(|(path, item)| {
        item.as_object().into_iter().flat_map(Map::values).map(move |operation| (path, operation))
    })
}

fn allow_null(schema: &mut Value) {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let Some(fields) = schema["properties"].as_object_mut() else { return };
    for (name, field) in fields {
        if !required.contains(&json!(name)) {
            field["nullable"] = true.into();
        }
    }
}

/// The names of the schemas that `part` refers to, themselves or through others.
fn collect_references(document: &Value, part: &Value, names: &mut BTreeSet<String>) {
    match part {
        Value::Object(object) => {
            let reference = object.get("$ref").and_then(Value::as_str).unwrap_or_default();
            if let Some(name) = reference.strip_prefix("#/components/schemas/")
                && names.insert(name.to_owned())
            {
                let schema = document.pointer(reference.trim_start_matches('#'));
                collect_references(document, schema.unwrap_or_default(), names);
            }
            object.values().for_each(|value| collect_references(document, value, names));
        }
        Value::Array(list) => {
            list.iter().for_each(|value| collect_references(document, value, names));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refined(document: &Value) -> Value {
        refine(&document.to_string())
    }

    #[test]
    fn parameters_of_paths_are_written_alike() {
        let document = json!({"paths": {
            "/rooms/:room/join": {"post": {}}, "/rooms/{room}/join": {"get": {}},
        }});
        assert_eq!(
            refined(&document)["paths"],
            json!({"/rooms/{room}/join": {"post": {}, "get": {}}})
        );
    }

    #[test]
    fn described_reference_says_its_description_once() {
        let field =
            json!({"description": "Who.", "allOf": [{"$ref": "#/x"}, {"description": "Who."}]});
        let exact = json!({"description": "Who.", "allOf": [{"$ref": "#/x"}]});
        let document = json!({"paths": {}, "components": {"schemas": {"A": {"user": field}}}});
        assert_eq!(refined(&document)["components"]["schemas"]["A"]["user"], exact);
    }

    #[test]
    fn unsigned_integers_have_whole_bounds_from_zero() {
        let document = json!({"paths": {}, "x": [
            {"type": "integer", "format": "uint64", "maximum": 200.0},
            {"type": "integer", "format": "uint64", "minimum": 1.0},
            {"type": "integer", "format": "int64"},
            {"type": "number", "maximum": 2.0},
        ]});
        let exact = json!([
            {"type": "integer", "format": "uint64", "maximum": 200, "minimum": 0},
            {"type": "integer", "format": "uint64", "minimum": 1},
            {"type": "integer", "format": "int64"},
            {"type": "number", "maximum": 2.0},
        ]);
        assert_eq!(refined(&document)["x"], exact);
    }

    #[test]
    fn sent_message_is_linked_to_what_is_under_its_id() {
        let document = json!({"paths": {
            "/v1/send": {"post": {"operationId": "postMessage", "responses": {"201": {}, "400": {}}}},
            "/v1/messages/{id}": {"get": {"operationId": "getMessage"}},
            "/v1/messages/{id}/pin": {"put": {"operationId": "pinMessage"}},
            "/v1/other": {"get": {"operationId": "other"}},
        }});
        let answers = refined(&document)["paths"]["/v1/send"]["post"]["responses"].clone();
        let targets: Vec<&String> = answers["201"]["links"].as_object().unwrap().keys().collect();
        assert_eq!(targets, ["getMessage", "pinMessage"]);
        assert_eq!(answers["201"]["links"]["pinMessage"]["parameters"]["id"], "$response.body#/id");
        assert!(answers["400"].get("links").is_none());
    }

    #[test]
    fn requests_are_closed_and_answers_are_open() {
        let refer = |name: &str| {
            let schema = json!({"$ref": format!("#/components/schemas/{name}")});
            json!({"content": {"application/json": {"schema": schema}}})
        };
        let inner = json!({"type": "object", "required": ["to"], "properties": {
            "to": {"$ref": "#/components/schemas/To"}, "note": {"type": "string"},
        }});
        let document = json!({
            "paths": {"/a": {"post": {"requestBody": refer("In"), "responses": {"200": refer("Out")}}}},
            "components": {"schemas": {
                "In": inner, "To": {"type": "object"}, "Out": {"type": "object"},
            }},
        });
        let schemas = refined(&document)["components"]["schemas"].clone();
        assert_eq!(schemas["In"]["additionalProperties"], false);
        assert_eq!(schemas["To"]["additionalProperties"], false);
        assert_eq!(schemas["In"]["properties"]["note"]["nullable"], true);
        assert!(schemas["In"]["properties"]["to"].get("nullable").is_none());
        assert!(schemas["Out"].get("additionalProperties").is_none());
    }
}
