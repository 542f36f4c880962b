//! A channel's timeline: one gapless sequence of everything that happens in it.

mod event;
mod read;
mod writer;

pub use event::{ChannelKind, ChannelSummary, Event, EventKind, Message, Person, UserKind};
pub use read::{heads, read};
pub use writer::Publication;

pub(crate) use writer::{Happening, Writer};
