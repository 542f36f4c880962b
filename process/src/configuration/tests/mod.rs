//! Shared by the tests of the configuration.

use std::path::Path;

mod refusals;
mod sources;

use super::*;

const SECRET: &str = "a-signing-secret-of-more-than-32-bytes";

fn with<const N: usize>(variables: [(&str, &str); N]) -> Sources {
    let directory = PathBuf::from("/nonexistent");
    Sources { config_file: None, directory, environment: variables.into() }
}

fn load<const N: usize>(variables: [(&str, &str); N]) -> Configuration {
    Configuration::load(&with(variables)).unwrap()
}

fn refused<const N: usize>(variables: [(&str, &str); N]) -> ConfigurationError {
    Configuration::load(&with(variables)).unwrap_err()
}

fn load_file(text: &str) -> Result<Configuration, ConfigurationError> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("warren.toml"), text).unwrap();
    let directory_path = directory.path().to_owned();
    Configuration::load(&Sources { directory: directory_path, ..Sources::default() })
}

fn file(directory: &Path, text: &str) -> String {
    let path = directory.join("value");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}
