//! A channel's timeline: one gapless sequence of everything that happens in it.

mod event;

pub use event::{ChannelKind, ChannelSummary, Event, EventKind, Message, Person, UserKind};
