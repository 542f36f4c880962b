//! Every path, in one place.

use std::sync::Arc;

use poem::endpoint::make_sync;
use poem::web::{Html, Json};
use poem::{Endpoint, EndpointExt, Route, get};
use poem_openapi::{ContactObject, OpenApiService};

use crate::account::accounts::AccountsApi;
use crate::account::avatars::AvatarsApi;
use crate::account::email::EmailApi;
use crate::account::passwords::PasswordsApi;
use crate::account::person::PersonApi;
use crate::account::profile::ProfileApi;
use crate::account::sessions::SessionsApi;
use crate::account::users::UsersApi;
use crate::asyncapi;
use crate::channel::channels::ChannelsApi;
use crate::channel::direct::DirectApi;
use crate::channel::invitations::InvitationsApi;
use crate::channel::members::MembersApi;
use crate::channel::membership::MembershipApi;
use crate::document::refine;
use crate::events::EventsApi;
use crate::gateway::{self, TicketsApi};
use crate::health::HealthApi;
use crate::http::caller;
use crate::http::cors::cors;
use crate::http::edge::edge;
use crate::http::methods::Methods;
use crate::http::page::page;
use crate::message::messages::MessagesApi;
use crate::message::one::MessageApi;
use crate::message::pins::PinsApi;
use crate::message::reactions::ReactionsApi;
use crate::message::replies::RepliesApi;
use crate::node::Node;

type Apis = (AboutPeople, AboutChannels, AboutMessages, EventsApi, TicketsApi, HealthApi);
type AboutPeople =
    (AccountsApi, ProfileApi, EmailApi, PasswordsApi, SessionsApi, UsersApi, PersonApi, AvatarsApi);
type AboutChannels = (ChannelsApi, MembershipApi, DirectApi, MembersApi, InvitationsApi);
type AboutMessages = (MessagesApi, MessageApi, RepliesApi, ReactionsApi, PinsApi);

/// What is not in the document.
const OTHER_METHODS: [(&str, &str); 1] = [("/v1/ws", "GET, HEAD")];

/// The OpenAPI document, as JSON. Needs nothing but this program.
#[must_use]
pub fn openapi_document() -> String {
    format!("{:#}\n", refine(&service().spec()))
}

/// The application of this node.
pub(crate) fn application(node: Arc<Node>) -> impl Endpoint {
    let service = service();
    let written = service.spec();
    let document = refine(&written);
    let swagger = service.swagger_ui_html().replace(&written, &document.to_string());
    let methods = Arc::new(Methods::of(&document, &OTHER_METHODS));
    Route::new()
        .at("/v1/ws", get(gateway::open))
        .at("/openapi.json", make_sync(move |_| Json(document.clone())))
        .at("/asyncapi.yaml", get(asyncapi::served))
        .at("/docs/socket", get(asyncapi::shown))
        .nest("/docs", make_sync(move |_| Html(swagger.clone())))
        .nest("/", service)
        .around(page)
        .around(caller::admit)
        .around(move |endpoint, request| edge(endpoint, request, methods.clone()))
        .around(cors)
        .data(node)
}

fn service() -> OpenApiService<Apis, ()> {
    let people = (
        AccountsApi,
        ProfileApi,
        EmailApi,
        PasswordsApi,
        SessionsApi,
        UsersApi,
        PersonApi,
        AvatarsApi,
    );
    let channels = (ChannelsApi, MembershipApi, DirectApi, MembersApi, InvitationsApi);
    let messages = (MessagesApi, MessageApi, RepliesApi, ReactionsApi, PinsApi);
    let apis = (people, channels, messages, EventsApi, TicketsApi, HealthApi);
    OpenApiService::new(apis, "Warren", env!("CARGO_PKG_VERSION"))
        .description(
            "A self-hosted chat server: nothing lost, nothing doubled, nothing out of order.\n\n\
             Ids are UUIDs, times RFC 3339 in UTC. An optional field without a value is absent. \
             Unknown fields are refused in requests; in answers expect new ones, and new values \
             where a word is one of several. Errors are `application/problem+json` with a stable \
             `code`.\n\n\
             How often one may ask is limited: for each user, and for each address of those who \
             are not signed in. Answers say how much is left in `RateLimit` and \
             `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10), and a 429 in \
             `Retry-After` when to come again.\n\n\
             The socket at `/v1/ws` carries the same events as `listEvents`.",
        )
        .contact(ContactObject::new().name("Warren"))
        .url_prefix("")
}
