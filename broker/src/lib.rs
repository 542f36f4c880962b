//! The strategies behind the domain's ports, chosen by the scheme of a URL, in
//! `strategies.rs` and nowhere else.

pub mod in_process;
pub mod rabbitmq;
mod smtp;
mod strategies;
mod subscribers;

pub use strategies::{
    ServiceError, StartError, Strategies, check_mail, clear_log, examine_bus, examine_log,
};
