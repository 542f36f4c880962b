//! The bare limits: what Warren's parts can do at best, alone, with code as carefully made
//! as the server's. No rules, no numbers, no retries.

mod insert;
mod publisher;
pub(crate) mod sockets;

pub(crate) use insert::insert;
pub(crate) use publisher::publish;
