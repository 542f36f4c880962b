//! Reads key after key, and notes what the listing will show of each.

use std::fmt::Display;

use super::error::ConfigurationError;
use super::key::{Key, Visibility};
use super::listing::Setting;
use super::source::{Origin, Raw, Values};
use crate::secret::REDACTED;

pub(super) struct Reader {
    values: Values,
    settings: Vec<Setting>,
}

impl Reader {
    pub(super) fn new(values: Values) -> Self {
        Self { values, settings: Vec::new() }
    }

    /// A value that the table gives a default.
    pub(super) fn required<T>(
        &mut self,
        key: &Key,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, ConfigurationError> {
        let missing = || ConfigurationError::new(key.variable(), "must be set");
        self.optional(key, parse)?.ok_or_else(missing)
    }

    /// A value that may be absent.
    pub(super) fn optional<T>(
        &mut self,
        key: &Key,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigurationError> {
        let Some(raw) = self.values.get(key)? else {
            self.note(key, Origin::Default, String::new());
            return Ok(None);
        };
        let value = parse(raw.text()).map_err(|message| raw.error(message))?;
        self.note(key, raw.origin, shown(key, &raw));
        Ok(Some(value))
    }

    /// A list, empty if absent.
    pub(super) fn list<T>(
        &mut self,
        key: &Key,
        parse: impl Fn(&[String]) -> Result<Vec<T>, String>,
    ) -> Result<Vec<T>, ConfigurationError> {
        let Some(raw) = self.values.get(key)? else {
            self.note(key, Origin::Default, String::new());
            return Ok(Vec::new());
        };
        let items = parse(&raw.items).map_err(|message| raw.error(message))?;
        self.note(key, raw.origin, shown(key, &raw));
        Ok(items)
    }

    /// An address, which shows itself without its credentials.
    pub(super) fn address<T: Display>(
        &mut self,
        key: &Key,
        parse: impl Fn(&str) -> Result<T, String>,
        default: impl FnOnce() -> T,
    ) -> Result<T, ConfigurationError> {
        let (origin, address) = match self.values.get(key)? {
            None => (Origin::Default, default()),
            Some(raw) => {
                let parsed = parse(raw.text());
                (raw.origin, parsed.map_err(|message| raw.error(message))?)
            }
        };
        self.note(key, origin, address.to_string());
        Ok(address)
    }

    /// An address that may be absent, and shows itself without its credentials.
    pub(super) fn optional_address<T: Display>(
        &mut self,
        key: &Key,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigurationError> {
        let Some(raw) = self.values.get(key)? else {
            self.note(key, Origin::Default, String::new());
            return Ok(None);
        };
        let address = parse(raw.text()).map_err(|message| raw.error(message))?;
        self.note(key, raw.origin, address.to_string());
        Ok(Some(address))
    }

    pub(super) fn into_settings(self) -> Vec<Setting> {
        self.settings
    }

    fn note(&mut self, key: &Key, origin: Origin, value: String) {
        self.settings.push(Setting { name: key.name, value, origin });
    }
}

fn shown(key: &Key, raw: &Raw) -> String {
    match key.visibility {
        Visibility::Plain => raw.items.join(", "),
        Visibility::WithoutCredentials | Visibility::Secret => REDACTED.to_owned(),
    }
}
