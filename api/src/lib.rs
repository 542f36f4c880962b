//! Warren's edge: HTTP, the WebSocket gateway, tokens and validation. It turns
//! requests into one call of the domain and its answer into a response; the
//! rules are the domain's.

mod accounts;
mod asyncapi;
mod auth;
mod avatars;
mod body;
mod bucket;
mod channel_problem;
mod channels;
mod client_address;
mod connections;
mod cors;
mod costly;
mod cursor;
mod direct;
mod document;
mod edge;
mod events;
mod gateway;
mod health;
mod invitations;
mod members;
mod membership;
mod message;
mod messages;
mod methods;
mod named;
mod node;
mod origin;
mod page;
mod passwords;
mod person;
mod pins;
mod problem;
mod profile;
mod reactions;
mod receipt;
mod replies;
mod routes;
mod server;
mod sessions;
mod tag;
mod token;
mod users;

pub use asyncapi::asyncapi_document;
pub use routes::openapi_document;
pub use server::{FirstAccount, ServeError, Server};
