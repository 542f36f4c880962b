//! Tickets that open a socket.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Serialize;
use warren_domain::account::{self, TICKET_LIFETIME_S};

use crate::auth::Bearer;
use crate::http::body::Body;
use crate::http::problem::{Problem, Refused};
use crate::node::Node;
use crate::tag::Tag;

/// What opens a socket, once.
#[derive(Debug, Serialize, Object)]
pub(crate) struct SocketTicket {
    /// Say `hello` with it, at any node.
    ticket: String,
    /// Seconds that are left to do so.
    expires_in: i64,
}

#[derive(ApiResponse)]
enum TicketAnswer {
    /// A ticket of your session.
    #[oai(status = 201)]
    Issued(Body<SocketTicket>),
}

/// Tickets.
pub(crate) struct TicketsApi;

#[OpenApi(prefix_path = "/v1/ws", tag = "Tag::Events")]
impl TicketsApi {
    /// Make a ticket for a socket
    ///
    /// It is good for one `hello` within 30 seconds, so that a page need not give
    /// its access token to what opens its socket.
    #[oai(path = "/ticket", method = "post", operation_id = "createSocketTicket")]
    async fn create(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
    ) -> Result<TicketAnswer, Refused<401>> {
        let ticket = account::issue_ticket(&node.domain, actor.session_id)
            .await
            .map_err(|error| Problem::internal(&error))?;
        Ok(TicketAnswer::Issued(Body(SocketTicket { ticket, expires_in: TICKET_LIFETIME_S })))
    }
}
