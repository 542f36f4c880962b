//! Holds a JSON value against a schema of the OpenAPI document: types,
//! required and unknown fields, enumerations.

use serde_json::Value;

/// # Panics
/// If `value` is not what `schema` promises; `place` says where.
pub(super) fn check(document: &Value, schema: &Value, value: &Value, place: &str) {
    let schema = resolve(document, schema);
    for part in schema["allOf"].as_array().into_iter().flatten() {
        check(document, part, value, place);
    }
    check_enumeration(schema, value, place);
    match schema["type"].as_str() {
        Some("object") => check_object(document, schema, value, place),
        Some("array") => check_array(document, schema, value, place),
        Some("string") => assert!(value.is_string(), "{place}: {value} is no string"),
        Some("boolean") => assert!(value.is_boolean(), "{place}: {value} is no boolean"),
        Some("integer") => {
            assert!(value.is_i64() || value.is_u64(), "{place}: {value} is no integer");
        }
        _ => {}
    }
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let Some(reference) = schema["$ref"].as_str() else {
        return schema;
    };
    let pointer = reference.trim_start_matches('#');
    document.pointer(pointer).unwrap_or_else(|| panic!("{reference} is not in the document"))
}

fn check_enumeration(schema: &Value, value: &Value, place: &str) {
    if let Some(allowed) = schema["enum"].as_array() {
        assert!(allowed.contains(value), "{place}: {value} is none of {allowed:?}");
    }
}

fn check_object(document: &Value, schema: &Value, value: &Value, place: &str) {
    let object = value.as_object().unwrap_or_else(|| panic!("{place}: {value} is no object"));
    for required in schema["required"].as_array().into_iter().flatten() {
        let name = required.as_str().expect("a field's name");
        assert!(object.contains_key(name), "{place}: no {name} in {value}");
    }
    let Some(properties) = schema["properties"].as_object() else {
        return;
    };
    for (name, field) in object {
        let place = format!("{place}.{name}");
        match properties.get(name) {
            Some(schema) => check(document, schema, field, &place),
            None => assert!(
                schema.get("additionalProperties").is_some(),
                "{place} is not in the document: {field}"
            ),
        }
    }
}

fn check_array(document: &Value, schema: &Value, value: &Value, place: &str) {
    let items = value.as_array().unwrap_or_else(|| panic!("{place}: {value} is no array"));
    for (index, item) in items.iter().enumerate() {
        check(document, &schema["items"], item, &format!("{place}[{index}]"));
    }
}
