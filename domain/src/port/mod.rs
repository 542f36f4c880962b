//! What the domain needs from outside, as traits. The strategies behind them
//! live in the `broker` crate and are chosen by configuration.

mod bus;
mod dead_letters;
mod log;
mod mail;

pub use bus::{BusSignal, ChannelEvents, Ephemeral, EventBus, PresenceNews};
pub use dead_letters::{DeadLetter, DeadLetterReader, DeadLetters};
pub use log::{
    Accepted, Backlog, Delivery, LogConsumer, LogError, MessageLog, NotAcknowledged,
    PartitionReader, Taken,
};
pub use mail::{Letter, Mail, MailError, PostOffice};
