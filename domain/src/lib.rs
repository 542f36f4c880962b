//! Warren's rules: who may do what, what a message's way into the database
//! is, and what everybody sees of it. Knows neither HTTP nor a broker.

pub mod id;
pub mod message;
pub mod partition;
pub mod port;
pub mod timeline;
