//! What may be done with a path: the `Allow` that belongs to every 405
//! (RFC 9110, section 15.5.6). The router knows it and does not say it; the
//! document made from the same operations does.

use std::sync::LazyLock;

use poem::http::HeaderValue;
use serde_json::Value;

use crate::routes::openapi_document;

/// What is not in the document (the socket, the specs) is read.
const READ: HeaderValue = HeaderValue::from_static("GET, HEAD");

static PATHS: LazyLock<Vec<Path>> = LazyLock::new(paths);

struct Path {
    /// Of the path; `None` where anything may stand.
    segments: Vec<Option<String>>,
    methods: HeaderValue,
}

/// The methods of a path.
pub(crate) fn allow(path: &str) -> HeaderValue {
    let fitting = PATHS.iter().filter(|known| known.fits(path));
    // The router prefers words too: `/channels/browse` to `/channels/{channel}`.
    let best = fitting.max_by_key(|known| known.words());
    best.map_or(READ, |known| known.methods.clone())
}

impl Path {
    fn fits(&self, path: &str) -> bool {
        let given = path.split('/');
        let fits = |(known, given): (&Option<String>, &str)| {
            known.as_ref().map_or(!given.is_empty(), |known| known == given)
        };
        given.clone().count() == self.segments.len() && self.segments.iter().zip(given).all(fits)
    }

    /// Which segments are words, the first one counting most.
    fn words(&self) -> Vec<bool> {
        self.segments.iter().map(Option::is_some).collect()
    }
}

fn paths() -> Vec<Path> {
    let document: Value = serde_json::from_str(&openapi_document()).unwrap_or_default();
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    paths.filter_map(|(path, operations)| known(path, operations)).collect()
}

fn known(path: &str, operations: &Value) -> Option<Path> {
    let mut methods: Vec<_> =
        operations.as_object()?.keys().map(|method| method.to_ascii_uppercase()).collect();
    if methods.iter().any(|method| method == "GET") {
        methods.push("HEAD".into());
    }
    let segment = |segment: &str| (!segment.starts_with('{')).then(|| segment.to_owned());
    Some(Path {
        segments: path.split('/').map(segment).collect(),
        methods: HeaderValue::from_str(&methods.join(", ")).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_has_the_methods_of_its_operations() {
        for (path, methods) in [
            ("/v1/login", "POST"),
            ("/v1/channels", "GET, POST, HEAD"),
            ("/v1/channels/browse", "GET, HEAD"),
            ("/v1/channels/public/messages", "GET, POST, HEAD"),
            ("/v1/channels/public/join", "POST"),
            ("/v1/ws", "GET, HEAD"),
            ("/v1/channels//messages", "GET, HEAD"),
        ] {
            assert_eq!(allow(path), methods, "{path}");
        }
    }
}
