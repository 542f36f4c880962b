//! Warren's edge: HTTP, the WebSocket gateway, tokens and validation. It turns
//! requests into one call of the domain and its answer into a response; the
//! rules are the domain's.

mod accounts;
mod allow;
mod auth;
mod body;
mod channels;
mod client_address;
mod connections;
mod cors;
mod cursor;
mod edge;
mod events;
mod gateway;
mod health;
mod messages;
mod node;
mod origin;
mod page;
mod problem;
mod receipt;
mod routes;
mod server;
mod tag;
mod token;

pub use routes::openapi_document;
pub use server::{FirstAccount, ServeError, Server};
