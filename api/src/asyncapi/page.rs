//! The document for people: one page, rendered here, without scripts.

use std::fmt::Write;

use poem::http::header;
use poem::{IntoResponse, Response, handler};
use serde_json::Value;

use super::document;

/// The page has a style of its own and loads nothing.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

const STYLE: &str = include_str!("page.css");

/// Answers with the page.
#[handler]
pub(crate) fn shown() -> Response {
    Response::builder()
        .content_type("text/html; charset=utf-8")
        .header(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY)
        .body(rendered(&document()))
        .into_response()
}

fn rendered(document: &Value) -> String {
    let title = text(at(document, "/info/title"));
    let description = paragraphs(text(at(document, "/info/description")));
    let (client, server) = (frames(document, "receive"), frames(document, "send"));
    let types: String = entries(at(document, "/components/schemas"))
        .map(|(name, schema)| section(&format!("type-{name}"), name, schema, &[]))
        .collect();
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main><h1>{title}</h1>{description}\
         <p><a href=\"/asyncapi.yaml\">asyncapi.yaml</a> · <a href=\"/docs\">HTTP API</a></p>\
         <h2>From the client</h2>{client}<h2>From the server</h2>{server}\
         <h2>Types</h2>{types}</main></body></html>",
        title = escaped(title)
    )
}

/// The frames that the server receives, or sends.
fn frames(document: &Value, action: &str) -> String {
    let operations = entries(at(document, "/operations"));
    let frames = operations.filter(|(_, operation)| operation["action"] == action);
    let mut html = String::new();
    for (key, _) in frames {
        let message = at(document, &format!("/components/messages/{key}"));
        let examples = message["examples"].as_array().map_or(&[][..], Vec::as_slice);
        html += &section(key, text(&message["name"]), &message["payload"], examples);
    }
    html
}

fn section(anchor: &str, name: &str, schema: &Value, examples: &[Value]) -> String {
    let mut html = format!(
        "<section id=\"{anchor}\"><h3>{name}</h3>{}",
        paragraphs(text(&schema["description"])),
        anchor = escaped(anchor),
        name = escaped(name)
    );
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> = values.iter().map(|value| code(text(value))).collect();
        let _ = write!(html, "<p>One of {}.</p>", values.join(", "));
    }
    html += &fields(schema);
    for example in examples {
        let json = serde_json::to_string_pretty(&example["payload"]).unwrap_or_default();
        let _ = write!(html, "<pre>{}</pre>", escaped(&json));
    }
    html + "</section>"
}

fn fields(schema: &Value) -> String {
    let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
    let mut rows = String::new();
    for (name, field) in entries(&schema["properties"]) {
        let must = if required.iter().any(|one| one == name) { "" } else { "?" };
        let described = escaped(text(&field["description"]));
        let _ = write!(
            rows,
            "<tr><td><code>{name}{must}</code></td><td>{}</td><td>{described}</td></tr>",
            type_of(field),
            name = escaped(name)
        );
    }
    if rows.is_empty() { rows } else { format!("<table>{rows}</table>") }
}

/// What may stand in a field: a type's name, or a link to it.
fn type_of(field: &Value) -> String {
    let referred = field["$ref"].as_str().or(at(field, "/allOf/0/$ref").as_str());
    if let Some(name) = referred.and_then(|path| path.rsplit('/').next()) {
        let name = escaped(name);
        return format!("<a href=\"#type-{name}\">{name}</a>");
    }
    if let Some([only]) = field["enum"].as_array().map(Vec::as_slice) {
        return code(&only.to_string());
    }
    match (text(&field["type"]), text(&field["format"])) {
        ("array", _) => format!("list of {}", type_of(&field["items"])),
        ("object", _) => format!("by id, {}", type_of(&field["additionalProperties"])),
        (_, format @ ("uuid" | "date-time")) => escaped(format),
        (plain, _) => escaped(plain),
    }
}

/// What is at a place in a document, or nothing.
fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

fn entries(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn paragraphs(text: &str) -> String {
    let parts = text.split("\n\n").filter(|part| !part.trim().is_empty());
    parts.map(|part| format!("<p>{}</p>", inline(part))).collect()
}

/// Markdown as far as it is used here: `code`.
fn inline(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { code(part) } else { escaped(part) }).collect()
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_shows_every_frame_and_no_markup_of_its_texts() {
        let html = rendered(&document());
        for frame in
            ["client_hello", "client_typing", "server_typing", "server_event", "type-Message"]
        {
            assert!(html.contains(&format!("id=\"{frame}\"")), "{frame}");
        }
        assert_eq!(escaped("<b>\"&\""), "&lt;b&gt;&quot;&amp;&quot;");
    }
}
