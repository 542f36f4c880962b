//! A channel's timeline: one gapless sequence of everything that happens in it.

mod channel;
mod event;
mod message;
mod person;
mod read;
mod thread;
mod writer;

pub use channel::{ChannelKind, ChannelSummary, HistoryVisibility};
pub use event::{Event, EventKind, Thread};
pub use message::{Message, Reaction, Reactions};
pub use person::{Person, UserKind};
pub use read::{heads, read};
pub use writer::Publication;

pub(crate) use writer::{Happening, MessageChange, NewMessage, Numbered, Writer};
