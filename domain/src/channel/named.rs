//! People as requests name them.

use std::collections::BTreeSet;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::account::{User, Username};
use crate::channel::ChangeError;
use crate::entity::user_account;
use crate::timeline::Person;

/// The people of these usernames, each once, in the order of their names. Who can
/// sign in no more is nobody to talk to.
pub(crate) async fn people_named(
    connection: &impl ConnectionTrait,
    usernames: &[Username],
) -> Result<Vec<Person>, ChangeError> {
    let mut unknown: BTreeSet<&str> = usernames.iter().map(AsRef::as_ref).collect();
    if unknown.is_empty() {
        return Ok(Vec::new());
    }
    let rows = user_account::Entity::find()
        .filter(user_account::Column::Username.is_in(unknown.iter().copied()))
        .filter(user_account::Column::DeactivatedAt.is_null())
        .all(connection)
        .await?;
    let mut people: Vec<Person> =
        rows.into_iter().map(|row| Person::from(&User::from(row))).collect();
    for person in &people {
        unknown.remove(person.username.as_str());
    }
    if !unknown.is_empty() {
        return Err(ChangeError::UnknownPeople(unknown.into_iter().map(str::to_owned).collect()));
    }
    people.sort_by(|one, other| one.username.cmp(&other.username));
    Ok(people)
}

/// Somebody of this username, whether they can sign in or not.
pub(crate) async fn person_named(
    connection: &impl ConnectionTrait,
    username: &Username,
) -> Result<Option<Person>, sea_orm::DbErr> {
    let row = user_account::Entity::find()
        .filter(user_account::Column::Username.eq(username.as_ref()))
        .one(connection)
        .await?;
    Ok(row.map(|row| Person::from(&User::from(row))))
}
