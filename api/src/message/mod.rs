//! Messages, and what is done to them.

pub(crate) mod messages;
pub(crate) mod one;
pub(crate) mod pins;
pub(crate) mod reactions;
pub(crate) mod receipt;
pub(crate) mod replies;
