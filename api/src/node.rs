//! One API process: what its handlers and its gateway share.

use std::sync::Arc;
use std::time::Duration;

use warren_domain::Domain;
use warren_domain::port::DeadLetters;
use warren_process::Configuration;
use warren_process::configuration::Switch;

use crate::account::guesses::Guesses;
use crate::auth::Authenticator;
use crate::gateway::{Gateway, Limits};
use crate::health::Watching;
use crate::http::bucket::Rate;
use crate::http::caller::Callers;
use crate::http::client_address::TrustedProxies;
use crate::http::cors::Cors;
use crate::http::costly::Costly;
use crate::http::origin::Origins;
use crate::server::FirstAccount;
use crate::token::Tokens;

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

/// What a process has besides its configuration.
pub(crate) struct Within<'a> {
    /// The rules, and where everything is.
    pub(crate) domain: Domain,
    /// What signs access tokens.
    pub(crate) secret: &'a [u8],
    /// The name of the database's history of numbers.
    pub(crate) epoch: String,
    /// Whether the first account owns the server.
    pub(crate) first_account_owns: FirstAccount,
    /// What could not be made messages of.
    pub(crate) dead_letters: Arc<dyn DeadLetters>,
}

impl Node {
    /// A process that has yet to listen.
    pub(crate) fn new(configuration: &Configuration, within: Within<'_>) -> Self {
        let Within { domain, secret, epoch, first_account_owns, dead_letters } = within;
        let limited = configuration.rate_limits == Switch::On;
        let limit = |rate| limited.then(|| Rate::from(rate));
        let database = domain.database.clone();
        Self {
            domain,
            authenticator: Authenticator::new(Tokens::new(secret)),
            gateway: Gateway::new(limits(configuration)),
            origins: origins(configuration),
            cors: Cors::new(&configuration.cors_origins),
            callers: Callers::new(
                limit(configuration.rate_reads),
                limit(configuration.rate_writes),
            ),
            costly: Costly::new(limit(configuration.rate_costly)),
            guesses: Guesses::new(configuration.rate_limits),
            proxies: TrustedProxies::new(configuration.trusted_proxies.clone()),
            epoch,
            commit_wait: Duration::from_millis(configuration.commit_wait_ms),
            first_account_owns: first_account_owns == FirstAccount::OwnsTheServer,
            watching: Watching::new(configuration, database, dead_letters),
        }
    }
}

fn limits(configuration: &Configuration) -> Limits {
    Limits {
        sockets_per_user: configuration.sockets_per_user,
        paced: configuration.rate_limits == Switch::On,
    }
}

fn origins(configuration: &Configuration) -> Origins {
    let public = configuration.public_url.as_ref().map(|url| url.origin().ascii_serialization());
    Origins::new(configuration.allowed_origins.iter().cloned().chain(public))
}
