//! What there is to say about a key of the configuration.

/// One key of the configuration.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name in `warren.toml`; in the environment `WARREN_` and the name in capitals.
    pub name: &'static str,
    /// The text that is used where nothing else is given.
    pub default: Option<&'static str>,
    /// What the sample shows where there is no default.
    pub example: Option<&'static str>,
    /// What a person needs to know to set it, in whole lines.
    pub help: &'static str,
    /// How the value is written.
    pub form: Form,
    /// How it is shown.
    pub visibility: Visibility,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A string in quotes; in the environment the bare text.
    Text,
    /// A number.
    Number,
    /// A list of strings; in the environment separated by commas.
    List,
}

/// How a value is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// As it is.
    Plain,
    /// A URL, without its credentials and its parameters.
    WithoutCredentials,
    /// Not at all.
    Secret,
}

impl Key {
    /// The key's name in the environment.
    pub fn variable(&self) -> String {
        format!("WARREN_{}", self.name.to_ascii_uppercase())
    }

    /// The name in the environment that holds the path of a file with the value.
    pub fn file_variable(&self) -> String {
        format!("{}_FILE", self.variable())
    }

    pub(super) const fn text(name: &'static str, help: &'static str) -> Self {
        let (form, visibility) = (Form::Text, Visibility::Plain);
        Self { name, default: None, example: None, help, form, visibility }
    }

    pub(super) const fn list(name: &'static str, help: &'static str) -> Self {
        Self { form: Form::List, ..Self::text(name, help) }
    }

    pub(super) const fn default(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    pub(super) const fn example(self, example: &'static str) -> Self {
        Self { example: Some(example), ..self }
    }

    pub(super) const fn number(self) -> Self {
        Self { form: Form::Number, ..self }
    }

    pub(super) const fn shown(self, visibility: Visibility) -> Self {
        Self { visibility, ..self }
    }
}
