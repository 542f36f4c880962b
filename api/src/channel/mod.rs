//! Channels, and who is in them.

pub(crate) mod channels;
pub(crate) mod direct;
pub(crate) mod invitations;
pub(crate) mod members;
pub(crate) mod membership;
pub(crate) mod named;
pub(crate) mod refusals;
