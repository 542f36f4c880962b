//! What the domain needs from outside, as traits. The strategies behind them
//! live in the `broker` crate and are chosen by configuration.

mod bus;
mod log;

pub use bus::{BusSignal, ChannelEvents, Ephemeral, EventBus, PresenceNews};
pub use log::{
    Accepted, Delivery, LogConsumer, LogError, MessageLog, NotAcknowledged, PartitionReader,
};
