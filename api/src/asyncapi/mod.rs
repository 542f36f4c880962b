//! The AsyncAPI document of the socket, made from the types of its frames, and
//! the page that shows it.

mod examples;
mod page;

use poem::{IntoResponse, Response, handler};
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde_json::{Map, Value, json};

use crate::gateway::{ClientFrame, ServerFrame};

pub(crate) use page::shown;

/// What stands at the top of the document.
const DESCRIPTION: &str = include_str!("description.md");

/// The AsyncAPI document, as YAML. Needs nothing but this program.
#[must_use]
pub fn asyncapi_document() -> String {
    // A value without floats and with texts for keys always serialises.
    serde_yaml::to_string(&document()).unwrap_or_default()
}

/// Answers with the document.
#[handler]
pub(crate) fn served() -> Response {
    Response::builder().content_type("application/yaml").body(asyncapi_document()).into_response()
}

/// Who says a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// One frame of the document.
struct Frame {
    side: Side,
    /// Its `type`.
    name: String,
    /// What it says, whole.
    payload: Value,
}

/// The document (AsyncAPI 3.0.0).
fn document() -> Value {
    let mut registry = Registry::new();
    let mut frames = frames_of::<ClientFrame>(&mut registry, Side::Client);
    frames.extend(frames_of::<ServerFrame>(&mut registry, Side::Server));
    let each = |part: fn(&Frame) -> Value| -> Map<String, Value> {
        frames.iter().map(|frame| (frame.key(), part(frame))).collect()
    };
    let references = each(|frame| reference("components/messages", &frame.key()));
    let (operations, messages) = (each(operation), each(message));
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Warren's socket",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
        },
        "defaultContentType": "application/json",
        "channels": {
            "socket": {
                "address": "/v1/ws",
                "description": "A WebSocket (RFC 6455) that carries JSON text frames.",
                "messages": references,
                "bindings": { "ws": { "method": "GET" } },
            },
        },
        "operations": operations,
        "components": { "messages": messages, "schemas": schemas(&registry) },
    })
}

impl Frame {
    /// Both sides have frames of one type: what tells them apart.
    fn key(&self) -> String {
        match self.side {
            Side::Client => format!("client_{}", self.name),
            Side::Server => format!("server_{}", self.name),
        }
    }
}

/// To the specification "receive" is what the server does with a client's frame.
fn operation(frame: &Frame) -> Value {
    let action = match frame.side {
        Side::Client => "receive",
        Side::Server => "send",
    };
    json!({
        "action": action,
        "channel": reference("channels", "socket"),
        "messages": [reference("channels/socket/messages", &frame.key())],
    })
}

fn message(frame: &Frame) -> Value {
    let examples: Vec<Value> = examples::of(frame.side, &frame.name)
        .into_iter()
        .map(|payload| json!({ "payload": payload }))
        .collect();
    let summary = frame.payload.get("description").cloned().unwrap_or_default();
    json!({
        "name": frame.name,
        "summary": summary,
        "payload": frame.payload,
        "examples": examples,
    })
}

/// The frames of a union, told apart by `type`; what they refer to stays in the
/// registry.
fn frames_of<T: Type>(registry: &mut Registry, side: Side) -> Vec<Frame> {
    T::register(registry);
    let union = registry.schemas.remove(T::name().as_ref());
    let mapping = union.and_then(|union| union.discriminator).map(|by| by.mapping);
    let variant = |(name, path): (String, String)| {
        let variant = registry.schemas.remove(path.rsplit('/').next()?)?;
        let payload = payload(registry, &variant)?;
        Some(Frame { side, name, payload })
    };
    mapping.unwrap_or_default().into_iter().filter_map(variant).collect()
}

/// A variant is `type` and, all beside it, the fields of its object: as one.
fn payload(registry: &mut Registry, variant: &MetaSchema) -> Option<Value> {
    let [MetaSchemaRef::Inline(tag), MetaSchemaRef::Reference(name)] = variant.all_of.as_slice()
    else {
        return None;
    };
    let object = match name.ends_with("Frame") {
        true => registry.schemas.remove(name),
        false => registry.schemas.get(name).cloned(),
    }?;
    let required = tag.required.iter().chain(&object.required).copied().collect();
    let properties = tag.properties.iter().chain(&object.properties).cloned().collect();
    serde_json::to_value(MetaSchema { required, properties, ..object }).ok()
}

fn schemas(registry: &Registry) -> Map<String, Value> {
    let schema = |(name, schema): (&String, &MetaSchema)| {
        Some((name.clone(), serde_json::to_value(schema).ok()?))
    };
    registry.schemas.iter().filter_map(schema).collect()
}

fn reference(place: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/{place}/{name}") })
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::ParseFromJSON;

    use super::*;

    fn names<T: Type>(side: Side) -> Vec<String> {
        frames_of::<T>(&mut Registry::new(), side).into_iter().map(|frame| frame.name).collect()
    }

    #[test]
    fn every_client_frame_has_an_example_that_is_understood() {
        let names = names::<ClientFrame>(Side::Client);
        assert!(names.contains(&"hello".to_owned()), "{names:?}");
        for name in names {
            let examples = examples::of(Side::Client, &name);
            assert!(!examples.is_empty(), "{name} has no example");
            for example in examples {
                assert_eq!(example["type"], name.as_str());
                let understood = serde_json::from_value::<ClientFrame>(example.clone());
                assert!(understood.is_ok(), "{example}: {understood:?}");
            }
        }
    }

    #[test]
    fn every_server_frame_has_an_example_that_is_said_so() {
        let names = names::<ServerFrame>(Side::Server);
        assert!(names.contains(&"event".to_owned()), "{names:?}");
        for name in names {
            let examples = examples::of(Side::Server, &name);
            assert!(!examples.is_empty(), "{name} has no example");
            for example in examples {
                let frame = ServerFrame::parse_from_json(Some(example.clone()));
                let frame = frame.unwrap_or_else(|error| panic!("{example}: {}", error.message()));
                let said: Value = serde_json::from_str(&frame.encode()).unwrap();
                assert_eq!(said, example);
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let mut references = vec![];
        collect(&document, &mut references);
        assert!(references.len() > 40, "{}", references.len());
        for reference in references {
            let target = document.pointer(reference.trim_start_matches('#'));
            assert!(target.is_some(), "{reference} leads nowhere");
        }
    }

    fn collect(value: &Value, references: &mut Vec<String>) {
        match value {
            Value::Object(object) => {
                references.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
                object.values().for_each(|value| collect(value, references));
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
            _ => {}
        }
    }
}
