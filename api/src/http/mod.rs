//! What every request goes through, and what every answer is made of.

pub(crate) mod body;
pub(crate) mod bucket;
pub(crate) mod caller;
pub(crate) mod client_address;
pub(crate) mod connections;
pub(crate) mod cors;
pub(crate) mod costly;
pub(crate) mod cursor;
pub(crate) mod edge;
pub(crate) mod limit;
pub(crate) mod methods;
pub(crate) mod origin;
pub(crate) mod page;
pub(crate) mod problem;
