//! One API process: what its handlers and its gateway share.

use std::time::Duration;

use warren_domain::Domain;

use crate::account::guesses::Guesses;
use crate::auth::Authenticator;
use crate::gateway::Gateway;
use crate::health::Watching;
use crate::http::caller::Callers;
use crate::http::client_address::TrustedProxies;
use crate::http::cors::Cors;
use crate::http::costly::Costly;
use crate::http::origin::Origins;

/// How long the message log may take to accept a send. A client has its 503 within
/// 2 s, so that the answer itself takes the rest.
pub(crate) const ACCEPT_WAIT: Duration = Duration::from_millis(1_900);

/// One API process.
pub(crate) struct Node {
    /// The rules, and where everything is.
    pub domain: Domain,
    /// Who is who.
    pub authenticator: Authenticator,
    /// The sockets and what they watch.
    pub gateway: Gateway,
    /// Who may open a socket from a browser.
    pub origins: Origins,
    /// Whose pages may call the API.
    pub cors: Cors,
    /// How often anything may be asked for.
    pub callers: Callers,
    /// How often what is dear may be asked for.
    pub costly: Costly,
    /// How often a password may be guessed at.
    pub guesses: Guesses,
    /// Whose word about a client's address is believed.
    pub proxies: TrustedProxies,
    /// Sequence numbers of another epoch mean nothing here.
    pub epoch: String,
    /// How long a send waits for its commit before the answer is 202.
    pub commit_wait: Duration,
    /// Whether the first account, signed up on this machine, owns the server.
    pub first_account_owns: bool,
    /// For those who watch it.
    pub watching: Watching,
}
