//! The tables as SeaORM sees them. They stay inside the domain: what leaves it
//! are views.

#![expect(unreachable_pub, reason = "SeaORM's derive wants models, columns and relations public")]

pub(crate) mod channel;
pub(crate) mod channel_event;
pub(crate) mod channel_head;
pub(crate) mod membership;
pub(crate) mod message;
pub(crate) mod meta;
pub(crate) mod refresh_token;
pub(crate) mod send_outcome;
pub(crate) mod session;
pub(crate) mod user_account;
pub(crate) mod worker;
