//! Parameters: in the path, the query and the headers.

use serde_json::Value;

use crate::change::Rule;
use crate::operation::Comparison;
use crate::schema::Side;

impl Comparison<'_> {
    pub(crate) fn parameters(&mut self, place: &str, old: &Value, new: &Value) {
        for before in list(old) {
            let place = format!("{place} {}", name(before));
            match list(new).iter().find(|now| name(now) == name(before)) {
                Some(now) => self.parameter(&place, before, now),
                None => self.found(&place, Rule::ParameterRemoved),
            }
        }
        for now in list(new).iter().filter(|now| now["required"] == true) {
            if !list(old).iter().any(|before| name(before) == name(now)) {
                self.found(&format!("{place} {}", name(now)), Rule::RequiredAdded);
            }
        }
    }

    fn parameter(&mut self, place: &str, old: &Value, new: &Value) {
        if new["required"] == true && old["required"] != true {
            self.found(place, Rule::RequiredAdded);
        }
        self.schema(Side::Request, place, &old["schema"], &new["schema"]);
    }
}

fn list(operation: &Value) -> &[Value] {
    operation["parameters"].as_array().map_or(&[], Vec::as_slice)
}

/// Where it is and what it is called; headers regardless of case.
fn name(parameter: &Value) -> String {
    let text = |key: &str| parameter[key].as_str().unwrap_or_default();
    match text("in") {
        "header" => format!("header {}", text("name").to_lowercase()),
        place => format!("{place} {}", text("name")),
    }
}
