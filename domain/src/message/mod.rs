//! Messages: from a send to a row, and back to its readers.

mod outcome;
mod pending;

pub use outcome::{Outcome, Receipt, Rejection};
pub use pending::{Fingerprint, MAX_PAYLOAD_SIZE_BYTES, PAYLOAD_VERSION, Pending, Undecodable};
