//! Who is who, remembered for a minute: every message shows its author.

use std::collections::HashMap;
use std::time::Duration;

use moka::sync::Cache;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use tokio::time::Instant;

use crate::account::User;
use crate::entity::user_account;
use crate::id::UserId;
use crate::timeline::Person;

/// A cache of what everybody may know about people.
#[derive(Clone)]
pub struct People {
    /// With the time, by tokio's clock, which a simulation can pause.
    cache: Cache<UserId, (Person, Instant)>,
}

/// How long somebody is remembered.
const REMEMBERED: Duration = Duration::from_secs(60);

impl Default for People {
    fn default() -> Self {
        Self { cache: Cache::new(100_000) }
    }
}

impl People {
    /// Asks the database for this person the next time.
    pub fn forget(&self, id: UserId) {
        self.cache.invalidate(&id);
    }

    /// These people, by id; asks the database once for those not remembered.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn get(
        &self,
        connection: &impl ConnectionTrait,
        ids: Vec<UserId>,
    ) -> Result<HashMap<UserId, Person>, DbErr> {
        let mut found = HashMap::new();
        let mut unknown = Vec::new();
        for id in ids {
            match self.cache.get(&id) {
                Some((person, since)) if since.elapsed() < REMEMBERED => {
                    found.insert(id, person);
                }
                _ => unknown.push(id),
            }
        }
        unknown.sort_unstable();
        unknown.dedup();
        if !unknown.is_empty() {
            let rows = user_account::Entity::find()
                .filter(user_account::Column::Id.is_in(unknown))
                .all(connection)
                .await?;
            for row in rows {
                let person = Person::from(&User::from(row));
                self.cache.insert(person.id, (person.clone(), Instant::now()));
                found.insert(person.id, person);
            }
        }
        Ok(found)
    }
}
