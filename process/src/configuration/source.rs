//! Where values come from: defaults, then `warren.toml`, then the environment.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::environment::{CONFIG_VARIABLE, Environment};
use super::error::ConfigurationError;
use super::file::ConfigurationFile;
use super::key::{Form, Key};

/// The file that is read unasked, if it is there.
pub(super) const DEFAULT_FILE: &str = "warren.toml";

/// The largest file that is read for a configuration or a single value, in bytes.
const FILE_LIMIT_BYTES: u64 = 64 * 1024;

/// What a configuration is made from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file that `--config` names.
    pub config_file: Option<PathBuf>,
    /// Where `warren.toml` is looked for if no file is named.
    pub directory: PathBuf,
    /// The environment.
    pub environment: Environment,
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The configuration file.
    File,
    /// The environment.
    Environment,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Environment => "environment",
        })
    }
}

/// A value before it is understood.
#[derive(Clone)]
pub(super) struct Raw {
    /// The key as the operator wrote it.
    pub(super) written: String,
    pub(super) origin: Origin,
    pub(super) items: Vec<String>,
}

impl Raw {
    /// The single text of a key that is no list.
    pub(super) fn text(&self) -> &str {
        self.items.first().map_or("", String::as_str)
    }

    /// An error about this value.
    pub(super) fn error(&self, message: impl Into<String>) -> ConfigurationError {
        ConfigurationError::new(&self.written, message)
    }
}

/// All sources, read and searched for unknown keys.
pub(super) struct Values {
    environment: Environment,
    file: ConfigurationFile,
}

impl Values {
    pub(super) fn read(sources: &Sources) -> Result<Self, ConfigurationError> {
        sources.environment.refuse_unknown()?;
        let file = match named_file(sources) {
            Some((written, path)) => ConfigurationFile::read(&path, |reason| {
                let message = format!("names {}, which {reason}", path.display());
                ConfigurationError::new(&written, message)
            })?,
            None => ConfigurationFile::read_if_present(&sources.directory.join(DEFAULT_FILE))?,
        };
        Ok(Self { environment: sources.environment.clone(), file })
    }

    /// The value of a key from the source that counts most.
    pub(super) fn get(&self, key: &Key) -> Result<Option<Raw>, ConfigurationError> {
        let raw = match self.environment_text(key)? {
            Some((written, text)) => Some(scalar(key, written, Origin::Environment, &text)),
            None => match self.file.get(key)? {
                Some(items) => Some(Raw { written: key.name.into(), origin: Origin::File, items }),
                None => key.default.map(|text| scalar(key, key.name.into(), Origin::Default, text)),
            },
        };
        match raw {
            Some(raw) if key.form != Form::List && raw.text().trim().is_empty() => {
                Err(raw.error("is empty; leave it out to have the default"))
            }
            raw => Ok(raw),
        }
    }

    /// What the environment says about a key, and under which name.
    fn environment_text(&self, key: &Key) -> Result<Option<(String, String)>, ConfigurationError> {
        let (name, file_name) = (key.variable(), key.file_variable());
        let text = self.environment.get(&name);
        let path = self.environment.get(&file_name);
        match (text, path) {
            (Some(_), Some(_)) => {
                let message = format!("and {name} are both set; keep one of them");
                Err(ConfigurationError::new(file_name, message))
            }
            (Some(text), None) => Ok(Some((name, text.to_owned()))),
            (None, Some(path)) => Ok(Some((file_name.clone(), read_value(path, &file_name)?))),
            (None, None) => {
                let platform = self.environment.platform(key);
                Ok(platform.map(|(written, text)| (written.to_owned(), text)))
            }
        }
    }
}

/// Reads a value from a file, without the line's end. An error does not quote the path: it
/// may be the secret itself, put into the wrong variable.
fn read_value(path: &str, written: &str) -> Result<String, ConfigurationError> {
    match read_text(Path::new(path)) {
        Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
        Err(reason) => {
            let message = format!("names a file that {reason}");
            Err(ConfigurationError::new(written, message))
        }
    }
}

/// Reads a small text file; the error says what is wrong with it: "can't be read: …".
pub(super) fn read_text(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_LIMIT_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("can't be read: {error}"))?;
    if bytes.len() as u64 > FILE_LIMIT_BYTES {
        return Err(format!("is larger than {FILE_LIMIT_BYTES} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "is not valid UTF-8".into())
}

fn named_file(sources: &Sources) -> Option<(String, PathBuf)> {
    if let Some(path) = &sources.config_file {
        return Some(("--config".into(), path.clone()));
    }
    let path = sources.environment.get(CONFIG_VARIABLE)?;
    Some((CONFIG_VARIABLE.into(), path.into()))
}

fn scalar(key: &Key, written: String, origin: Origin, text: &str) -> Raw {
    let items = match key.form {
        Form::List => text
            .split(',')
            .map(|item| item.trim().to_owned())
            .filter(|item| !item.is_empty())
            .collect(),
        Form::Text | Form::Number => vec![text.to_owned()],
    };
    Raw { written, origin, items }
}
