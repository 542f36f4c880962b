//! The strategies behind the domain's ports.

pub mod in_process;
mod subscribers;
