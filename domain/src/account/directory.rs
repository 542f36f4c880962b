//! Finding people: what everybody may know of everybody.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr};
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};

use crate::account::{Role, User, Username};
use crate::context::Domain;
use crate::entity::user_account;
use crate::timeline::Person;

/// Somebody, as everybody sees them. How to reach them is not part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
#[cfg_attr(feature = "openapi", oai(skip_serializing_if_is_none))]
pub struct Profile {
    /// Who they are.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", oai(flatten))]
    pub person: Person,
    /// Their family name, if they gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// What they may do on this server.
    pub role: Role,
    /// When they signed up.
    pub created_at: DateTime<Utc>,
    /// When they were last there, to about a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen_at: Option<DateTime<Utc>>,
    /// Since when nobody can sign in to the account, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deactivated_at: Option<DateTime<Utc>>,
}

/// Those who can sign in and whose username, first name or display name begins
/// with `query` in whatever case, by username, from the one after `after`.
///
/// Case is disregarded as far as the database knows it. Those that know only
/// `a-z` still find what begins with another capital.
///
/// # Errors
/// If the database fails.
pub async fn users(
    domain: &Domain,
    query: &str,
    after: Option<&Username>,
    limit: u64,
) -> Result<Vec<Profile>, DbErr> {
    if query.chars().any(char::is_control) {
        // No name has such a character, and PostgreSQL refuses some of them.
        return Ok(Vec::new());
    }
    let mut select = user_account::Entity::find()
        .filter(user_account::Column::DeactivatedAt.is_null())
        .order_by_asc(user_account::Column::Username)
        .limit(limit);
    if !query.is_empty() {
        select = select.filter(any_name_begins_with(query));
    }
    if let Some(after) = after {
        select = select.filter(user_account::Column::Username.gt(after.as_ref()));
    }
    let rows = select.all(domain.database.read()).await?;
    Ok(rows.into_iter().map(Profile::from).collect())
}

/// Somebody by username, whether they can sign in or not; `None` if there is
/// nobody of this name.
///
/// # Errors
/// If the database fails.
pub async fn user_named(domain: &Domain, username: &Username) -> Result<Option<Profile>, DbErr> {
    let row = user_account::Entity::find()
        .filter(user_account::Column::Username.eq(username.as_ref()))
        .one(domain.database.read())
        .await?;
    Ok(row.map(Profile::from))
}

/// This reads the accounts until the page is full, as no index helps with the
/// beginning of three names. There are as many accounts as people.
fn any_name_begins_with(query: &str) -> Condition {
    let lowered = query.to_lowercase();
    let capitalised = capitalised(&lowered);
    let mut any =
        Condition::any().add(user_account::Column::Username.like(beginning_with(&lowered)));
    for column in [user_account::Column::FirstName, user_account::Column::DisplayName] {
        let name = Func::lower(Expr::col((user_account::Entity, column)));
        any = any
            .add(Expr::expr(name).like(beginning_with(&lowered)))
            .add(column.like(beginning_with(&capitalised)));
    }
    any
}

fn capitalised(lowered: &str) -> String {
    let mut characters = lowered.chars();
    let first = characters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(characters).collect()
}

/// The pattern of what begins with `text`, in which nothing else has a meaning.
fn beginning_with(text: &str) -> LikeExpr {
    LikeExpr::new(pattern(text)).escape('\\')
}

fn pattern(text: &str) -> String {
    let mut pattern = String::new();
    for character in text.chars() {
        if matches!(character, '\\' | '%' | '_') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

impl From<user_account::Model> for Profile {
    fn from(row: user_account::Model) -> Self {
        let (last_seen_at, deactivated_at) = (row.last_seen_at, row.deactivated_at);
        let user = User::from(row);
        Self {
            person: Person::from(&user),
            last_name: user.last_name,
            role: user.role,
            created_at: user.created_at,
            last_seen_at,
            deactivated_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pattern_takes_every_character_literally() {
        assert_eq!(pattern(r"50%_\"), r"50\%\_\\%");
        assert_eq!(pattern("'; DROP TABLE"), "'; DROP TABLE%");
    }

    #[test]
    fn first_letter_is_capitalised() {
        assert_eq!(capitalised("åsa"), "Åsa");
        assert_eq!(capitalised("ßx"), "SSx");
        assert_eq!(capitalised("%a"), "%a");
    }
}
