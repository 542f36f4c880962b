//! Who is acting.

use std::sync::Arc;

use crate::account::User;
use crate::id::{SessionId, UserId};

/// Somebody whose credentials were checked: the first parameter of everything
/// that is done on behalf of a person.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The account.
    pub user: Arc<User>,
    /// The session that acts.
    pub session_id: SessionId,
}

impl Actor {
    /// The account's id.
    #[must_use]
    pub fn id(&self) -> UserId {
        self.user.id
    }
}
