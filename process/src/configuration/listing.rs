//! The configuration as people see it: what is in force, and a sample to start from.

use std::fmt::{self, Write};

use super::key::{Form, Key};
use super::source::Origin;
use super::table::KEYS;

/// A key with the value in force, fit to be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The key's name, as in `warren.toml`.
    pub name: &'static str,
    /// The value without anything secret; empty where there is none.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

impl fmt::Display for Setting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, origin } = self;
        write!(formatter, "{name:<17} {origin:<12} {value}")
    }
}

/// The text of `warren.example.toml`: every key with its help, commented out.
pub fn sample() -> String {
    let mut text = String::from(
        "# Warren's configuration, a sample. Copy it to warren.toml and remove the # of what\n\
         # you want to change. Every key can also be set in the environment, which counts more:\n\
         # `listen` as WARREN_LISTEN, or as WARREN_LISTEN_FILE with the path of a file that holds\n\
         # the value. Lists are separated by commas there.\n",
    );
    for key in KEYS {
        text.push('\n');
        for line in key.help.lines() {
            text.push_str(&format!("# {line}\n"));
        }
        text.push_str(&format!("#{} = {}\n", key.name, sample_value(key)));
    }
    text
}

fn sample_value(key: &Key) -> String {
    let value = key.default.or(key.example).unwrap_or_default();
    let mut text = String::new();
    let written = match key.form {
        Form::Text => write!(text, "\"{value}\""),
        Form::Number => write!(text, "{value}"),
        Form::List => write!(text, "[\"{value}\"]"),
    };
    debug_assert!(written.is_ok(), "a string takes all that is written to it");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checked_in_sample_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../warren.example.toml");
        let checked_in = std::fs::read_to_string(path).unwrap();
        assert_eq!(
            checked_in,
            sample(),
            "run: cargo run -p warren-process --example sample_configuration > warren.example.toml"
        );
    }
}
