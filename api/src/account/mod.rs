//! People: their accounts, and what others see of them.

pub(crate) mod accounts;
pub(crate) mod avatars;
pub(crate) mod email;
pub(crate) mod guesses;
pub(crate) mod passwords;
pub(crate) mod person;
pub(crate) mod profile;
pub(crate) mod sessions;
pub(crate) mod users;
