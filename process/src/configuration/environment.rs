//! The environment variables that configure Warren, as a value: nothing behind this file
//! reads the process's own environment, so tests say exactly what is set.

use std::collections::BTreeMap;

use super::error::ConfigurationError;
use super::key::Key;
use super::table::KEYS;
use super::unknown;

/// The variable that names the configuration file.
pub(super) const CONFIG_VARIABLE: &str = "WARREN_CONFIG";

/// The variables that hosting platforms set, and the keys that they stand for.
const PLATFORM: [(&str, &str); 2] = [("database_url", "DATABASE_URL"), ("listen", "PORT")];

/// Environment variables by name.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The process's own variables, as far as Warren looks at them.
    ///
    /// # Errors
    /// One of them is not UTF-8.
    pub fn of_process() -> Result<Self, ConfigurationError> {
        let mut variables = BTreeMap::new();
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else {
                continue;
            };
            if !concerns_warren(&name) {
                continue;
            }
            let value = value
                .into_string()
                .map_err(|_| ConfigurationError::new(&name, "is not valid UTF-8"))?;
            variables.insert(name, value);
        }
        Ok(Self(variables))
    }

    /// A variable's value, if it is set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The platform's variable for a key and its value, such as `PORT` for `listen`.
    pub(super) fn platform(&self, key: &Key) -> Option<(&'static str, String)> {
        let (_, name) = PLATFORM.into_iter().find(|(of, _)| *of == key.name)?;
        let value = self.get(name)?;
        let value = match name {
            "PORT" => format!("0.0.0.0:{}", value.trim()),
            _ => value.to_owned(),
        };
        Some((name, value))
    }

    /// Refuses a variable that looks like Warren's and is none.
    pub(super) fn refuse_unknown(&self) -> Result<(), ConfigurationError> {
        let mut known = vec![CONFIG_VARIABLE.to_owned()];
        for key in KEYS {
            known.push(key.variable());
            known.push(key.file_variable());
        }
        for (name, value) in &self.0 {
            if name.starts_with("WARREN_") && !is_service_link(name, value) {
                unknown::refuse(name, &known)?;
            }
        }
        Ok(())
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        Self(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }
}

fn concerns_warren(name: &str) -> bool {
    name.starts_with("WARREN_") || PLATFORM.iter().any(|(_, platform)| *platform == name)
}

/// Whether Kubernetes set this variable because a service is called `warren…`.
///
/// See "Accessing the Service" in the Kubernetes documentation: `WARREN_SERVICE_HOST`,
/// `WARREN_SERVICE_PORT…`, `WARREN_PORT` and `WARREN_PORT_8080_TCP…`.
fn is_service_link(name: &str, value: &str) -> bool {
    let is_address = value.starts_with("tcp://") || value.starts_with("udp://");
    name.contains("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.contains("_TCP_")
        || name.contains("_UDP_")
        || (name.contains("_PORT") && is_address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_variable_is_refused_with_the_nearest() {
        let error = Environment::from([("WARREN_LISTN", "x")]).refuse_unknown().unwrap_err();
        assert_eq!(error.key, "WARREN_LISTN");
        assert!(error.message.contains("WARREN_LISTEN"), "{error}");
        let port = Environment::from([("WARREN_PORT", "8080")]).refuse_unknown();
        assert_eq!(port.unwrap_err().key, "WARREN_PORT");
    }

    #[test]
    fn known_and_foreign_variables_pass() {
        let environment = Environment::from([
            ("WARREN_CONFIG", "a"),
            ("WARREN_LOG", "info"),
            ("WARREN_JWT_SECRET_FILE", "b"),
            ("HOME", "/root"),
            ("WARREN_SERVICE_HOST", "10.0.0.1"),
            ("WARREN_SERVICE_PORT_HTTP", "80"),
            ("WARREN_PORT", "tcp://10.0.0.1:80"),
            ("WARREN_PORT_80_TCP_ADDR", "10.0.0.1"),
        ]);
        environment.refuse_unknown().unwrap();
    }
}
