//! The load generator: people who send and people who listen.

mod listener;
mod rest;
mod sender;
mod socket;

pub(crate) use listener::{Audience, Heard};
pub(crate) use sender::{Door, Durable, Sending, send};
pub(crate) use socket::ClientSocket;
