//! What an operator sets, in a file or in the environment.

use std::io::Write;

use warren_process::configuration::{Environment, KEYS, Sources};
use warren_process::{Configuration, ConfigurationError};

/// A value shorter than this may be a word of the sentence that refuses it.
const TELLING_SIZE_BYTES: usize = 16;

/// Before the first letter of a key's place: the rest is a file.
const FILE: u8 = b'@';

/// The first byte says what the rest is: `@` a file, `A` the value of the first key in
/// the environment, and so on. Whatever it is, it is understood or refused in one
/// sentence, which does not quote the value; what is understood shows no secret, and
/// is understood in the same way the next time.
///
/// # Panics
/// If not.
pub fn configuration(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let place = usize::from(first.wrapping_sub(FILE)) % (KEYS.len() + 1);
    match place.checked_sub(1).and_then(|place| KEYS.get(place)) {
        None => file(rest),
        Some(key) => {
            if let Ok(value) = std::str::from_utf8(rest) {
                environment(&key.variable(), value);
            }
        }
    }
}

fn file(bytes: &[u8]) {
    let Ok(mut file) = tempfile::NamedTempFile::new() else { return };
    if file.write_all(bytes).is_err() {
        return;
    }
    let config_file = Some(file.path().to_owned());
    let sources = Sources { config_file, ..Sources::default() };
    let loaded = Configuration::load(&sources);
    check(&loaded);
    agree(&loaded, &Configuration::load(&sources));
}

fn environment(variable: &str, value: &str) {
    let environment = Environment::from([(variable, value)]);
    let sources = Sources { directory: "/nonexistent".into(), environment, ..Sources::default() };
    let loaded = Configuration::load(&sources);
    check(&loaded);
    agree(&loaded, &Configuration::load(&sources));
    if let Err(error) = &loaded
        && value.len() >= TELLING_SIZE_BYTES
    {
        assert!(!error.to_string().contains(value), "it quotes what it refuses: {error}");
    }
}

fn check(loaded: &Result<Configuration, ConfigurationError>) {
    match loaded {
        Err(error) => {
            let sentence = error.to_string();
            assert!(!error.key.is_empty() && !error.message.is_empty(), "{error:?}");
            assert!(!sentence.contains('\n'), "{sentence:?} is more than a line");
        }
        Ok(configuration) => {
            let shown = format!("{configuration:?}");
            if let Some(secret) = &configuration.jwt_secret {
                assert!(!shown.contains(secret.expose().as_str()), "it shows a secret");
            }
        }
    }
}

fn agree(
    one: &Result<Configuration, ConfigurationError>,
    other: &Result<Configuration, ConfigurationError>,
) {
    let settings = |configuration: &Configuration| configuration.redacted().to_vec();
    let one = one.as_ref().map(settings);
    assert_eq!(one, other.as_ref().map(settings), "another understanding");
}
