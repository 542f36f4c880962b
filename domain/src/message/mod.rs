//! Messages: from a send to a row, and back to its readers.

mod acl;
mod commit;
mod committer;
pub mod dead_letter;
mod history;
mod key;
mod outcome;
mod pending;
mod post;
mod receipt;
mod text;

pub use committer::{Committer, Settled};
pub use history::{Page, Window, get, list};
pub use key::IdempotencyKey;
pub use outcome::{Outcome, Receipt, Rejection};
pub use pending::{Fingerprint, MAX_PAYLOAD_SIZE_BYTES, PAYLOAD_VERSION, Pending, Undecodable};
pub use post::{PostError, Posted, Send, post};
pub use receipt::{ReceiptError, SendState, receipt};
pub use text::{MAX_TEXT_SIZE_BYTES, MessageText};

pub(crate) use text::is_visible;
