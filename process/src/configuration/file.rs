//! The configuration file, `warren.toml`.

use std::path::Path;

use toml::{Table, Value};

use super::error::ConfigurationError;
use super::key::{Form, Key};
use super::source::{DEFAULT_FILE, read_text};
use super::table::KEYS;
use super::unknown;

/// A configuration file whose keys are all known.
#[derive(Default)]
pub(super) struct ConfigurationFile(Table);

impl ConfigurationFile {
    /// Reads the file; `refuse` makes the error of "can't be read" and the like.
    pub(super) fn read(
        path: &Path,
        refuse: impl Fn(String) -> ConfigurationError,
    ) -> Result<Self, ConfigurationError> {
        let text = read_text(path).map_err(&refuse)?;
        let table = text.parse::<Table>().map_err(|error| refuse(problem(&text, &error)))?;
        let known: Vec<String> = KEYS.iter().map(|key| key.name.to_owned()).collect();
        for name in table.keys() {
            unknown::refuse(name, &known)?;
        }
        Ok(Self(table))
    }

    /// Reads the file that is looked for unasked; without it, the file is empty.
    pub(super) fn read_if_present(path: &Path) -> Result<Self, ConfigurationError> {
        match path.try_exists() {
            Ok(false) => Ok(Self::default()),
            Ok(true) | Err(_) => {
                Self::read(path, |reason| ConfigurationError::new(DEFAULT_FILE, reason))
            }
        }
    }

    /// The key's value as text, several for a list.
    pub(super) fn get(&self, key: &Key) -> Result<Option<Vec<String>>, ConfigurationError> {
        let Some(value) = self.0.get(key.name) else {
            return Ok(None);
        };
        let items = match (key.form, value) {
            (Form::List, Value::Array(items)) => items.iter().map(as_text).collect(),
            (Form::List, _) => None,
            (Form::Text | Form::Number, value) => as_text(value).map(|text| vec![text]),
        };
        match items {
            Some(items) => Ok(Some(items)),
            None => Err(ConfigurationError::new(key.name, expectation(key.form))),
        }
    }
}

fn expectation(form: Form) -> &'static str {
    match form {
        Form::Text => "must be a string in quotes",
        Form::Number => "must be a whole number",
        Form::List => "must be a list of strings such as [\"one\", \"two\"]",
    }
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(switch) => Some(switch.to_string()),
        Value::Float(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

/// Says where the file stops being TOML, without quoting the line: it may hold a secret.
fn problem(text: &str, error: &toml::de::Error) -> String {
    let start = error.span().map_or(0, |span| span.start);
    let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
    format!("is not valid TOML at line {line}")
}
