//! Schemas. What a request's schema takes must be taken still; what an answer's
//! schema promises must be kept. New fields and new words in answers are harmless:
//! clients were told to expect them.

use serde_json::{Map, Value};

use crate::change::Rule;
use crate::operation::{Comparison, fields};

/// Who writes the value that a schema describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    /// The client.
    Request,
    /// The server.
    Answer,
}

/// Rules that are tighter when the number is smaller.
const UPPER: [&str; 4] = ["maximum", "maxLength", "maxItems", "maxProperties"];
/// Rules that are tighter when the number is larger.
const LOWER: [&str; 4] = ["minimum", "minLength", "minItems", "minProperties"];
/// Rules of which any other one is tighter for somebody.
const EXACT: [&str; 5] =
    ["pattern", "multipleOf", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum"];

impl Comparison<'_> {
    pub(crate) fn schema(&mut self, side: Side, place: &str, old: &Value, new: &Value) {
        let names = (reference(old), reference(new));
        if let (Some(before), Some(now)) = names
            && !self.seen.insert((side, before.to_owned(), now.to_owned()))
        {
            return;
        }
        let old = &Value::Object(flat(self.old, old));
        let new = &Value::Object(flat(self.new, new));
        if old["type"] != new["type"] || old["format"] != new["format"] {
            self.found(place, Rule::TypeChanged);
            return;
        }
        self.null(side, place, old, new);
        self.values(side, place, old, new);
        self.variants(side, place, old, new);
        match side {
            Side::Request => self.request_rules(place, old, new),
            Side::Answer => self.answer_fields(place, old, new),
        }
        self.inner(side, place, old, new);
    }

    /// What the schema is made of.
    fn inner(&mut self, side: Side, place: &str, old: &Value, new: &Value) {
        for (name, before) in fields(&old["properties"]) {
            match new["properties"].get(name) {
                Some(now) => self.schema(side, &format!("{place} .{name}"), before, now),
                None => self.found(&format!("{place} .{name}"), Rule::FieldRemoved),
            }
        }
        for (key, mark) in [("items", "[]"), ("additionalProperties", ".*")] {
            if old[key].is_object() && new[key].is_object() {
                self.schema(side, &format!("{place} {mark}"), &old[key], &new[key]);
            }
        }
    }

    fn null(&mut self, side: Side, place: &str, old: &Value, new: &Value) {
        let (before, now) = (old["nullable"] == true, new["nullable"] == true);
        let changed = match side {
            Side::Request => before && !now,
            Side::Answer => now && !before,
        };
        if changed {
            self.found(place, Rule::NullChanged);
        }
    }

    fn values(&mut self, side: Side, place: &str, old: &Value, new: &Value) {
        match (side, old["enum"].as_array(), new["enum"].as_array()) {
            (Side::Request, Some(before), Some(now))
                if before.iter().any(|value| !now.contains(value)) =>
            {
                self.found(place, Rule::ValueRemoved);
            }
            (Side::Request, None, Some(_)) | (Side::Answer, Some(_), None) => {
                self.found(place, Rule::EnumerationChanged);
            }
            _ => {}
        }
    }

    /// One of several shapes, told apart by their names or else their order.
    fn variants(&mut self, side: Side, place: &str, old: &Value, new: &Value) {
        for key in ["oneOf", "anyOf"] {
            let (before, now) = (variants_of(old, key), variants_of(new, key));
            let (promised, kept) = match side {
                Side::Request => (&before, &now),
                Side::Answer => (&now, &before),
            };
            if promised.iter().any(|(name, _)| kept.iter().all(|(other, _)| other != name)) {
                self.found(place, Rule::VariantChanged);
            }
            for (name, old) in &before {
                if let Some((_, new)) = now.iter().find(|(other, _)| other == name) {
                    self.schema(side, &format!("{place} {name}"), old, new);
                }
            }
        }
    }

    fn request_rules(&mut self, place: &str, old: &Value, new: &Value) {
        for name in required(new).filter(|name| !required(old).any(|known| known == *name)) {
            self.found(&format!("{place} .{name}"), Rule::RequiredAdded);
        }
        if new["additionalProperties"] == false && old["additionalProperties"] != false {
            self.found(place, Rule::Closed);
        }
        if old["default"] != new["default"] {
            self.found(place, Rule::DefaultChanged);
        }
        let tighter = UPPER.iter().any(|key| is_beyond(&old[*key], &new[*key], |a, b| b < a))
            || LOWER.iter().any(|key| is_beyond(&old[*key], &new[*key], |a, b| b > a))
            || EXACT.iter().any(|key| binds(&new[*key]) && old[*key] != new[*key]);
        if tighter {
            self.found(place, Rule::Tightened);
        }
    }

    fn answer_fields(&mut self, place: &str, old: &Value, new: &Value) {
        for name in required(old).filter(|name| !required(new).any(|known| known == *name)) {
            if new["properties"].get(name).is_some() {
                self.found(&format!("{place} .{name}"), Rule::FieldOptional);
            }
        }
    }
}

/// Whether the bound is there now, and was not or was wider.
fn is_beyond(old: &Value, new: &Value, beyond: fn(f64, f64) -> bool) -> bool {
    match (old.as_f64(), new.as_f64()) {
        (Some(old), Some(new)) => beyond(old, new),
        (None, Some(_)) => true,
        _ => false,
    }
}

fn binds(rule: &Value) -> bool {
    !rule.is_null() && rule != false
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref").and_then(Value::as_str)
}

fn variants_of<'a>(schema: &'a Value, key: &str) -> Vec<(String, &'a Value)> {
    let variants = schema[key].as_array().into_iter().flatten().enumerate();
    variants
        .map(|(index, variant)| match reference(variant) {
            Some(name) => (name.to_owned(), variant),
            None => (index.to_string(), variant),
        })
        .collect()
}

/// The schema with its references followed and its parts put together.
fn flat(document: &Value, schema: &Value) -> Map<String, Value> {
    let mut whole = Map::new();
    if let Some(name) = reference(schema) {
        let target = document.pointer(name.trim_start_matches('#')).unwrap_or(&Value::Null);
        whole = flat(document, target);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        for (key, value) in flat(document, part) {
            join(&mut whole, key, value);
        }
    }
    for (key, value) in fields(schema).filter(|(key, _)| !["$ref", "allOf"].contains(&key.as_str()))
    {
        join(&mut whole, key.clone(), value.clone());
    }
    whole
}

/// Fields and lists of several parts add up; of anything else the last holds.
fn join(whole: &mut Map<String, Value>, key: String, value: Value) {
    match (whole.get_mut(&key), value) {
        (Some(Value::Object(known)), Value::Object(more)) => known.extend(more),
        (Some(Value::Array(known)), Value::Array(more)) => known.extend(more),
        (_, value) => drop(whole.insert(key, value)),
    }
}
