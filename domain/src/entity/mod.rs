//! The tables as SeaORM sees them. They stay inside the domain: what leaves it
//! are views.

#![expect(unreachable_pub, reason = "SeaORM's derive wants models, columns and relations public")]

pub(crate) mod avatar;
pub(crate) mod channel;
pub(crate) mod channel_event;
pub(crate) mod channel_head;
pub(crate) mod dead_letter;
pub(crate) mod invitation;
pub(crate) mod membership;
pub(crate) mod mention;
pub(crate) mod message;
pub(crate) mod message_expiry;
pub(crate) mod message_revision;
pub(crate) mod meta;
pub(crate) mod node;
pub(crate) mod password_reset;
pub(crate) mod pin;
pub(crate) mod reaction;
pub(crate) mod refresh_token;
pub(crate) mod send_outcome;
pub(crate) mod session;
pub(crate) mod socket_ticket;
pub(crate) mod thread_reply;
pub(crate) mod user_account;
pub(crate) mod worker;
