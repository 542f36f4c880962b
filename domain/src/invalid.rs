//! A value that breaks a rule.

use std::borrow::Cow;

/// Which rule a value breaks, for the person who typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    /// The stable word for the rule, such as `too_long`.
    pub code: &'static str,
    /// The rule, in a sentence.
    pub message: Cow<'static, str>,
}

impl Invalid {
    pub(crate) fn new(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into() }
    }
}
