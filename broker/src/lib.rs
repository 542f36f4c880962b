//! The strategies behind the ports of the domain: how sends reach a committer
//! and how nodes hear of what was committed.

pub mod rabbitmq;
