//! Each way to break a client, and what looks like one and is none.

use crate::{Contract, Rule, changes};
use serde_json::{Value, json};

/// One operation with everything that can change.
fn document() -> Value {
    json!({
        "paths": {"/rooms/{room}": {"post": {
            "operationId": "post",
            "security": [{"token": []}, {"cookie": []}],
            "parameters": [
                {"in": "path", "name": "room", "required": true, "schema": {"type": "string"}},
                {"in": "query", "name": "limit", "required": false,
                    "schema": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}},
                {"in": "header", "name": "Key", "required": false, "schema": {"type": "string"}},
            ],
            "requestBody": {"required": false, "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Ask"}}}},
            "responses": {
                "200": {
                    "headers": {"Location": {"schema": {"type": "string"}}},
                    "content": {"application/json": {
                        "schema": {"$ref": "#/components/schemas/Told"}}},
                },
                "404": {},
            },
        }}},
        "components": {"schemas": {
            "Ask": {"type": "object", "required": ["text"], "properties": {
                "text": {"type": "string", "minLength": 1, "maxLength": 10},
                "kind": {"description": "Which.", "allOf": [{"$ref": "#/components/schemas/Kind"}]},
                "note": {"type": "string", "nullable": true},
                "to": {"oneOf": [{"type": "string"}, {"$ref": "#/components/schemas/Group"}]},
            }},
            "Told": {"type": "object", "required": ["id", "kind"], "properties": {
                "id": {"type": "string", "format": "uuid"},
                "kind": {"$ref": "#/components/schemas/Kind"},
                "note": {"type": "string"},
                "replies": {"type": "array", "items": {"$ref": "#/components/schemas/Told"}},
                "from": {"oneOf": [{"$ref": "#/components/schemas/Group"}]},
            }},
            "Kind": {"type": "string", "enum": ["a", "b"]},
            "Group": {"type": "object", "properties": {"size": {"type": "integer"}}},
        }},
    })
}

const OPERATION: &str = "/paths/~1rooms~1{room}/post";
const ASK: &str = "/components/schemas/Ask";
const TOLD: &str = "/components/schemas/Told";

/// What breaks when the value at `pointer` becomes `value`; `null` removes it.
fn with(pointer: &str, value: Value) -> Vec<(String, Rule)> {
    let mut new = document();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let key = &key.replace("~1", "/");
    let parent = new.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}"));
    match parent {
        Value::Array(list) if key == "-" => list.push(value),
        Value::Array(list) if value.is_null() => drop(list.remove(key.parse().expect("an index"))),
        Value::Array(list) => list[key.parse::<usize>().expect("an index")] = value,
        Value::Object(object) if value.is_null() => drop(object.remove(key)),
        _ => parent[key] = value,
    }
    let found = changes(&Contract::of(&document()), &Contract::of(&new));
    found.into_iter().map(|change| (change.place, change.rule)).collect()
}

#[track_caller]
fn breaks(pointer: &str, value: Value, place: &str, rule: Rule) {
    assert_eq!(with(pointer, value), [(format!("POST /rooms/{{room}}{place}"), rule)], "{pointer}");
}

#[track_caller]
fn harmless(pointer: &str, value: Value) {
    assert_eq!(with(pointer, value), [], "{pointer}");
}

fn at(base: &str, rest: &str) -> String {
    format!("{base}{rest}")
}

#[test]
fn same_document_breaks_nobody() {
    harmless("/paths/~1other", json!({"get": {"operationId": "other"}}));
}

#[test]
fn operations_keep_their_place_and_name() {
    breaks("/paths/~1rooms~1{room}", json!(null), "", Rule::OperationRemoved);
    breaks(OPERATION, json!(null), "", Rule::OperationRemoved);
    breaks(&at(OPERATION, "/operationId"), json!("send"), "", Rule::OperationIdChanged);
    breaks(&at(OPERATION, "/operationId"), json!(null), "", Rule::OperationIdChanged);
}

#[test]
fn doors_stay_open() {
    let security = at(OPERATION, "/security");
    breaks(&at(&security, "/1"), json!(null), "", Rule::SecurityAdded);
    harmless(&security, json!([]));
    harmless(&at(&security, "/-"), json!({"ticket": []}));
    let mut open = document();
    open["paths"]["/rooms/{room}"]["post"]["security"] = json!([]);
    let found = changes(&Contract::of(&open), &Contract::of(&document()));
    assert_eq!(found.first().map(|change| change.rule), Some(Rule::SecurityAdded));
}

#[test]
fn parameters_stay_and_none_must_be_added() {
    let parameters = at(OPERATION, "/parameters");
    let optional = json!({"in": "query", "name": "more", "schema": {"type": "string"}});
    let mut required = optional.clone();
    required["required"] = json!(true);
    breaks(&at(&parameters, "/1"), json!(null), " query limit", Rule::ParameterRemoved);
    breaks(&at(&parameters, "/-"), required, " query more", Rule::RequiredAdded);
    harmless(&at(&parameters, "/-"), optional);
    breaks(&at(&parameters, "/1/required"), json!(true), " query limit", Rule::RequiredAdded);
    harmless(&at(&parameters, "/2/name"), json!("KEY"));
    let schema = at(&parameters, "/1/schema");
    breaks(&at(&schema, "/maximum"), json!(100), " query limit", Rule::Tightened);
    breaks(&at(&schema, "/minimum"), json!(2), " query limit", Rule::Tightened);
    breaks(&at(&schema, "/default"), json!(20), " query limit", Rule::DefaultChanged);
    harmless(&at(&schema, "/maximum"), json!(500));
    harmless(&at(&schema, "/minimum"), json!(null));
}

#[test]
fn body_stays_and_must_not_be_given_suddenly() {
    let body = at(OPERATION, "/requestBody");
    breaks(&at(&body, "/required"), json!(true), " request", Rule::BodyRequired);
    breaks(&body, json!(null), " request", Rule::BodyRemoved);
    let other = json!({"text/plain": {}});
    breaks(&at(&body, "/content"), other, " request application/json", Rule::MediaTypeRemoved);
}

#[test]
fn answers_keep_status_media_type_and_headers() {
    let responses = at(OPERATION, "/responses");
    breaks(&at(&responses, "/404"), json!(null), " 404", Rule::StatusRemoved);
    breaks(&at(&responses, "/202"), json!({}), " 202", Rule::SuccessAdded);
    harmless(&at(&responses, "/409"), json!({}));
    let ok = at(&responses, "/200");
    let header = " 200 header Location";
    breaks(&at(&ok, "/headers"), json!(null), header, Rule::HeaderRemoved);
    breaks(&at(&ok, "/headers/Location/schema/type"), json!("integer"), header, Rule::TypeChanged);
    breaks(&at(&ok, "/content"), json!(null), " 200", Rule::BodyRemoved);
    let other = json!({"text/plain": {}});
    breaks(&at(&ok, "/content"), other, " 200 application/json", Rule::MediaTypeRemoved);
}

#[test]
fn requests_are_taken_as_before() {
    let text = at(ASK, "/properties/text");
    let place = " request .text";
    breaks(&text, json!(null), place, Rule::FieldRemoved);
    breaks(&at(&text, "/type"), json!("integer"), place, Rule::TypeChanged);
    breaks(&at(&text, "/format"), json!("email"), place, Rule::TypeChanged);
    breaks(&at(&text, "/maxLength"), json!(9), place, Rule::Tightened);
    breaks(&at(&text, "/minLength"), json!(2), place, Rule::Tightened);
    breaks(&at(&text, "/pattern"), json!("^a"), place, Rule::Tightened);
    breaks(&at(&text, "/enum"), json!(["x"]), place, Rule::EnumerationChanged);
    harmless(&at(&text, "/maxLength"), json!(null));
    harmless(&at(&text, "/minLength"), json!(0));
    breaks(&at(ASK, "/required"), json!(["text", "kind"]), " request .kind", Rule::RequiredAdded);
    harmless(&at(ASK, "/required"), json!(null));
    harmless(&at(ASK, "/properties/more"), json!({"type": "string"}));
    breaks(&at(ASK, "/additionalProperties"), json!(false), " request", Rule::Closed);
    breaks(&at(ASK, "/properties/note/nullable"), json!(null), " request .note", Rule::NullChanged);
    breaks(&at(ASK, "/properties/to/oneOf/1"), json!(null), " request .to", Rule::VariantChanged);
    harmless(&at(ASK, "/properties/to/oneOf/-"), json!({"type": "integer"}));
}

#[test]
fn answers_say_what_they_said() {
    let id = at(TOLD, "/properties/id");
    breaks(&id, json!(null), " 200 .id", Rule::FieldRemoved);
    breaks(&at(&id, "/format"), json!(null), " 200 .id", Rule::TypeChanged);
    breaks(&at(TOLD, "/required"), json!(["id"]), " 200 .kind", Rule::FieldOptional);
    harmless(&at(TOLD, "/required"), json!(["id", "kind", "note"]));
    harmless(&at(TOLD, "/properties/more"), json!({"type": "string"}));
    let note = at(TOLD, "/properties/note");
    breaks(&at(&note, "/nullable"), json!(true), " 200 .note", Rule::NullChanged);
    harmless(&at(&note, "/maxLength"), json!(3));
    let replies = at(TOLD, "/properties/replies/items");
    breaks(&replies, json!({"type": "string"}), " 200 .replies []", Rule::TypeChanged);
    let from = at(TOLD, "/properties/from/oneOf/-");
    breaks(&from, json!({"type": "string"}), " 200 .from", Rule::VariantChanged);
}

#[test]
fn words_may_come_but_not_go_where_clients_say_them() {
    let kind = "/components/schemas/Kind/enum";
    harmless(kind, json!(["a", "b", "c"]));
    breaks(kind, json!(["a"]), " request .kind", Rule::ValueRemoved);
    breaks(kind, json!(null), " 200 .kind", Rule::EnumerationChanged);
}
