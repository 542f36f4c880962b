//! Operations: how they are called, by whom, and what they answer.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::change::{Change, Rule};
use crate::schema::Side;

/// Two documents, and what was found in them so far.
pub(crate) struct Comparison<'a> {
    pub old: &'a Value,
    pub new: &'a Value,
    pub changes: Vec<Change>,
    /// Pairs of named schemas that were compared already.
    pub seen: BTreeSet<(Side, String, String)>,
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(old: &'a Value, new: &'a Value) -> Self {
        Self { old, new, changes: Vec::new(), seen: BTreeSet::new() }
    }

    pub(crate) fn found(&mut self, place: &str, rule: Rule) {
        self.changes.push(Change { place: place.to_owned(), rule });
    }

    /// Every operation of the old document. What is new breaks nobody.
    pub(crate) fn paths(&mut self) {
        let (old, new) = (self.old, self.new);
        for (path, item) in fields(&old["paths"]) {
            for (method, operation) in fields(item) {
                let place = format!("{} {path}", method.to_uppercase());
                match new["paths"].get(path).and_then(|item| item.get(method)) {
                    Some(now) => self.operation(&place, operation, now),
                    None => self.found(&place, Rule::OperationRemoved),
                }
            }
        }
    }

    fn operation(&mut self, place: &str, old: &Value, new: &Value) {
        if old["operationId"] != new["operationId"] {
            self.found(place, Rule::OperationIdChanged);
        }
        self.security(place, old, new);
        self.parameters(place, old, new);
        self.request_body(&format!("{place} request"), &old["requestBody"], &new["requestBody"]);
        self.answers(place, &old["responses"], &new["responses"]);
    }

    /// Each way in that there was has to be one still.
    fn security(&mut self, place: &str, old: &Value, new: &Value) {
        let before = alternatives(self.old, old);
        let now = alternatives(self.new, new);
        let shut = before.iter().any(|way| !now.contains(way));
        if !now.is_empty() && (before.is_empty() || shut) {
            self.found(place, Rule::SecurityAdded);
        }
    }

    fn request_body(&mut self, place: &str, old: &Value, new: &Value) {
        if new["required"] == true && old["required"] != true {
            self.found(place, Rule::BodyRequired);
        }
        match (old.is_null(), new.is_null()) {
            (false, true) => self.found(place, Rule::BodyRemoved),
            _ => self.content(Side::Request, place, &old["content"], &new["content"]),
        }
    }

    fn answers(&mut self, place: &str, old: &Value, new: &Value) {
        for (status, before) in fields(old) {
            let place = format!("{place} {status}");
            match new.get(status) {
                Some(now) => self.answer(&place, before, now),
                None => self.found(&place, Rule::StatusRemoved),
            }
        }
        for (status, _) in fields(new) {
            if status.starts_with(['2', '3']) && old.get(status).is_none() {
                self.found(&format!("{place} {status}"), Rule::SuccessAdded);
            }
        }
    }

    fn answer(&mut self, place: &str, old: &Value, new: &Value) {
        if !old["content"].is_null() && new["content"].is_null() {
            self.found(place, Rule::BodyRemoved);
        } else {
            self.content(Side::Answer, place, &old["content"], &new["content"]);
        }
        for (name, before) in fields(&old["headers"]) {
            let place = format!("{place} header {name}");
            match new["headers"].get(name) {
                Some(now) => self.schema(Side::Answer, &place, &before["schema"], &now["schema"]),
                None => self.found(&place, Rule::HeaderRemoved),
            }
        }
    }

    fn content(&mut self, side: Side, place: &str, old: &Value, new: &Value) {
        for (media_type, before) in fields(old) {
            match new.get(media_type) {
                Some(now) => self.schema(side, place, &before["schema"], &now["schema"]),
                None => self.found(&format!("{place} {media_type}"), Rule::MediaTypeRemoved),
            }
        }
    }
}

/// The fields of an object; none of what is no object.
pub(crate) fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

/// The ways in: its own, or those of the whole document.
fn alternatives<'a>(document: &'a Value, operation: &'a Value) -> &'a [Value] {
    let own = operation.get("security").or_else(|| document.get("security"));
    own.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
