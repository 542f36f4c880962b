//! From credentials to an [`Actor`]: one way for every door.

use std::time::Duration;

use moka::Entry;
use moka::sync::Cache;
use poem::Request;
use poem_openapi::SecurityScheme;
use poem_openapi::auth::{self, BearerAuthorization};
use warren_domain::Domain;
use warren_domain::account::{self, Actor, Ended};
use warren_domain::id::{SessionId, UserId};

use crate::http::problem::Problem;
use crate::node::Node;
use crate::token::{Subject, Tokens};

/// How long a session is believed to be live without asking the database:
/// what a logout on another node may take if the bus fails.
const BELIEVED: Duration = Duration::from_secs(3);

/// An access token from signup, login or refresh.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", bearer_format = "JWT", checker = "check", rename = "accessToken")]
pub(crate) struct Bearer(pub Actor);

/// Who asks: found out once, for the limits and for whatever needs an [`Actor`].
#[derive(Clone)]
pub(crate) struct Identity(Result<Actor, Problem>);

/// Checks access tokens, and that their sessions are live.
pub(crate) struct Authenticator {
    tokens: Tokens,
    live: Cache<SessionId, Believed>,
    /// How often somebody changed lately.
    changes: Cache<UserId, u64>,
    /// Sessions that ended lately.
    ended: Cache<SessionId, ()>,
}

/// Who acts in a session, and what was known then.
#[derive(Clone)]
struct Believed {
    actor: Actor,
    changes: u64,
}

impl Authenticator {
    /// With these tokens.
    #[must_use]
    pub(crate) fn new(tokens: Tokens) -> Self {
        let live = Cache::builder().max_capacity(100_000).time_to_live(BELIEVED).build();
        let ended = Cache::builder().max_capacity(100_000).time_to_live(2 * BELIEVED).build();
        let changes = Cache::builder().max_capacity(100_000).time_to_live(2 * BELIEVED).build();
        Self { tokens, live, changes, ended }
    }

    /// Signs.
    #[must_use]
    pub(crate) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Who acts, if the token is valid and its session live.
    ///
    /// # Errors
    /// 401, or 503 if the database cannot tell.
    pub(crate) async fn authenticate(
        &self,
        domain: &Domain,
        token: &str,
    ) -> Result<Actor, Problem> {
        let subject = self.tokens.check(token).ok_or_else(Problem::unauthenticated)?;
        self.actor(domain, subject).await
    }

    /// The same for whose token was good once, if their session is live.
    ///
    /// # Errors
    /// 401, or 503 if the database cannot tell.
    pub(crate) async fn actor(&self, domain: &Domain, subject: Subject) -> Result<Actor, Problem> {
        let changes = self.changes.get(&subject.user_id).unwrap_or_default();
        let known = self.live.get(&subject.session_id).filter(|known| known.changes == changes);
        let known = known.map(|known| known.actor);
        if let Some(actor) = known.filter(|actor| actor.id() == subject.user_id) {
            return Ok(actor);
        }
        let live = account::is_live(domain, subject.user_id, subject.session_id)
            .await
            .map_err(|error| Problem::internal(&error))?;
        let actor = live.ok_or_else(Problem::unauthenticated)?;
        account::notice(domain, actor.id());
        self.live.insert(subject.session_id, Believed { actor: actor.clone(), changes });
        if self.ended.contains_key(&subject.session_id) {
            // It ended between the database's answer and now.
            self.live.invalidate(&subject.session_id);
            return Err(Problem::unauthenticated());
        }
        Ok(actor)
    }

    /// Asks the database about somebody the next time: they have changed.
    pub(crate) fn ask_again(&self, user_id: UserId) {
        let once_more = |known: Option<Entry<UserId, u64>>| known.map_or(1, |n| n.into_value() + 1);
        self.changes.entry(user_id).and_upsert_with(once_more);
    }

    /// Believes these sessions no more, before the bus says so.
    pub(crate) fn forget_ended(&self, ended: &Ended) {
        for session_id in &ended.0 {
            self.forget(*session_id);
        }
    }

    /// Believes this session no more.
    pub(crate) fn forget(&self, session_id: SessionId) {
        self.ended.insert(session_id, ());
        self.live.invalidate(&session_id);
    }
}

impl Identity {
    /// Whom the request's token says.
    pub(crate) async fn of(node: &Node, request: &Request) -> Self {
        let Ok(bearer) = auth::Bearer::from_request(request) else {
            return Self(Err(Problem::unauthenticated()));
        };
        Self(node.authenticator.authenticate(&node.domain, &bearer.token).await)
    }

    /// The user, if it is one.
    pub(crate) fn user_id(&self) -> Option<UserId> {
        self.0.as_ref().ok().map(Actor::id)
    }
}

async fn check(request: &Request, _: auth::Bearer) -> poem::Result<Actor> {
    let identity = request.data::<Identity>().ok_or_else(Problem::unauthenticated)?;
    Ok(identity.0.clone()?)
}
