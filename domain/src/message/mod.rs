//! Messages: from a send to a row, and back to its readers.

mod acl;
mod around;
mod author;
mod change;
mod commit;
mod committer;
pub mod dead_letter;
mod delete;
mod edit;
mod emoji;
mod expiry;
mod history;
mod key;
mod lifetime;
mod mention;
mod outcome;
mod pending;
mod pin;
mod post;
mod reaction;
mod receipt;
mod text;
mod thread;
mod view;

pub use around::{AroundError, Middle, around};
pub use author::{Place, Written, written_by};
pub use change::ChangeError;
pub use committer::{Committer, Settled};
pub use delete::delete;
pub use edit::{Revision, edit, revisions};
pub use emoji::Emoji;
pub use expiry::Expiry;
pub use history::{Page, Window, get, list};
pub use key::IdempotencyKey;
pub use lifetime::Lifetime;
pub use outcome::{Outcome, Receipt, Rejection};
pub use pending::{Fingerprint, MAX_PAYLOAD_SIZE_BYTES, PAYLOAD_VERSION, Pending, Undecodable};
pub use pin::{MAX_PINS, Pin, Pins, pin, pins, unpin};
pub use post::{PostError, Posted, Send, post};
pub use reaction::{MAX_REACTIONS, react, take_back, who_reacted};
pub use receipt::{ReceiptError, SendState, receipt};
pub use text::{MAX_TEXT_SIZE_BYTES, MessageText};
pub use thread::replies;

pub(crate) use text::is_visible;
