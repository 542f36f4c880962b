//! Warren's edge: HTTP, the WebSocket gateway, tokens and validation. It turns
//! requests into one call of the domain and its answer into a response; the
//! rules are the domain's.

mod account;
mod asyncapi;
mod auth;
mod channel;
mod document;
mod events;
mod gateway;
mod health;
mod http;
mod message;
mod node;
mod routes;
mod server;
mod tag;
mod token;

pub use asyncapi::asyncapi_document;
pub use gateway::HeadlessNode;
pub use gateway::read_client_frame;
pub use http::cursor::ListKind;
pub use routes::openapi_document;
pub use server::{FirstAccount, ServeError, Server};
