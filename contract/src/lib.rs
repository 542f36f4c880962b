//! What of the HTTP contract may change under which version.
//!
//! `openapi/openapi.json` says what the server does now, `openapi/contract.json`
//! what it promised last. [`changes`] compares them as clients see them: what
//! every client written for the old document survives is harmless, everything
//! else breaks somebody, and needs a new version ([`Version::may_break`]).

mod accept;
mod change;
mod document;
mod operation;
mod parameter;
mod schema;
#[cfg(test)]
mod tests;
mod version;

pub use accept::{AcceptError, accept, check};
pub use change::{Change, Rule};
pub use document::{Contract, changes};
pub use version::Version;
