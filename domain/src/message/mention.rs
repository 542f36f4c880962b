//! Whom a text names: `@ann`, or everybody with `@channel`, outside of code.

use std::collections::{BTreeMap, BTreeSet};

use pulldown_cmark::{Event, Parser, Tag, TagEnd, TextMergeStream};
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::account::EVERYBODY;
use crate::database::{Transaction, insert_all};
use crate::entity::{mention, user_account};
use crate::id::{ChannelId, UserId};

/// A text may name so many people; whoever comes later in it is not told.
const MAX_NAMES: usize = 50;

/// The longest username, in bytes.
const LONGEST_NAME: usize = 32;

/// Names are looked up so many at once: the database limits parameters.
const AT_ONCE: usize = 5_000;

/// The mentions of new texts, on their way to the database.
#[derive(Default)]
pub(crate) struct Mentions {
    naming: Vec<Naming>,
}

/// A message that names somebody.
struct Naming {
    channel_id: ChannelId,
    seq: i64,
    author_id: UserId,
    names: Names,
}

impl Mentions {
    /// Notes whom a message names.
    pub(crate) fn note(
        &mut self,
        channel_id: ChannelId,
        seq: i64,
        author_id: UserId,
        names: Names,
    ) {
        if names.everybody || !names.people.is_empty() {
            self.naming.push(Naming { channel_id, seq, author_id, names });
        }
    }

    /// Writes them; of a text without names, nothing is asked. Nobody is told of naming
    /// themselves; what one says to everybody is unread to oneself as any message is.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn write(self, transaction: &Transaction) -> Result<(), DbErr> {
        let asked = self.naming.iter().flat_map(|naming| naming.names.candidates()).collect();
        let known = look_up(transaction, asked).await?;
        let rows = self.naming.iter().flat_map(|naming| naming.rows(&known)).collect();
        insert_all(transaction, rows).await
    }
}

/// Writes whom a message names since it was edited.
///
/// # Errors
/// If the database fails.
pub(crate) async fn rewrite(
    transaction: &Transaction,
    channel_id: ChannelId,
    seq: i64,
    author_id: UserId,
    text: &str,
) -> Result<(), DbErr> {
    mention::Entity::delete_many()
        .filter(mention::Column::ChannelId.eq(channel_id))
        .filter(mention::Column::Seq.eq(seq))
        .exec(transaction)
        .await?;
    let mut mentions = Mentions::default();
    mentions.note(channel_id, seq, author_id, Names::of(text));
    mentions.write(transaction).await
}

impl Naming {
    fn rows(&self, known: &BTreeMap<String, UserId>) -> Vec<mention::ActiveModel> {
        let longest_known =
            |spellings: &Vec<String>| spellings.iter().find_map(|name| known.get(name)).copied();
        let named = self.names.people.iter().filter_map(longest_known);
        let mut named: BTreeSet<UserId> = named.filter(|id| *id != self.author_id).collect();
        if self.names.everybody {
            named.insert(UserId(Uuid::nil()));
        }
        let row = |user_id| mention::ActiveModel {
            user_id: Set(user_id),
            channel_id: Set(self.channel_id),
            seq: Set(self.seq),
        };
        named.into_iter().map(row).collect()
    }
}

/// What a text spells after its `@`s.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    everybody: bool,
    /// Of each name its possible spellings, the longest first: in `@ann.` the dot may
    /// end a sentence, or belong to the name.
    people: BTreeSet<Vec<String>>,
}

impl Names {
    /// Those in a text.
    pub(crate) fn of(text: &str) -> Self {
        let mut names = Self::default();
        // Most texts name nobody, and need no parser.
        if !text.contains('@') {
            return names;
        }
        let mut in_code = false;
        for event in TextMergeStream::new(Parser::new(text)) {
            match event {
                Event::Start(Tag::CodeBlock(_)) => in_code = true,
                Event::End(TagEnd::CodeBlock) => in_code = false,
                Event::Text(text) if !in_code => names.read(&text),
                _ => {}
            }
        }
        names
    }

    fn read(&mut self, text: &str) {
        for (at, _) in text.match_indices('@') {
            let (before, after) = (text.get(..at), text.get(at + 1..));
            // `ann@example.org` is an address, `@@ann` a joke.
            let joined = |c: char| c.is_alphanumeric() || "@_.-/".contains(c);
            if before.is_some_and(|before| before.ends_with(joined)) {
                continue;
            }
            let spellings = spellings(after.unwrap_or_default());
            if spellings.iter().any(|name| EVERYBODY.contains(&name.as_str())) {
                self.everybody = true;
            } else if !spellings.is_empty() && self.people.len() < MAX_NAMES {
                self.people.insert(spellings);
            }
        }
    }

    fn candidates(&self) -> impl Iterator<Item = String> {
        self.people.iter().flatten().cloned()
    }
}

/// The names that a text may begin with, the longest first.
fn spellings(text: &str) -> Vec<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let end = text.find(|c| !allowed(c)).unwrap_or(text.len());
    let mut name = text.get(..end).unwrap_or_default().to_ascii_lowercase();
    let mut spellings = Vec::new();
    while !name.is_empty() && spellings.len() < 4 {
        if name.len() <= LONGEST_NAME {
            spellings.push(name.clone());
        }
        if name.ends_with(|c: char| c.is_ascii_alphanumeric()) {
            break;
        }
        name.pop();
    }
    spellings
}

async fn look_up(
    transaction: &Transaction,
    names: BTreeSet<String>,
) -> Result<BTreeMap<String, UserId>, DbErr> {
    let mut known = BTreeMap::new();
    let names: Vec<String> = names.into_iter().collect();
    for some in names.chunks(AT_ONCE) {
        let found = user_account::Entity::find()
            .select_only()
            .columns([user_account::Column::Username, user_account::Column::Id])
            .filter(user_account::Column::Username.is_in(some.iter().cloned()))
            .into_tuple::<(String, UserId)>()
            .all(transaction)
            .await?;
        known.extend(found);
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest spellings, and `*` for everybody.
    fn named(text: &str) -> String {
        let names = Names::of(text);
        let mut longest: Vec<_> =
            names.people.iter().filter_map(|spellings| spellings.first().cloned()).collect();
        if names.everybody {
            longest.push("*".into());
        }
        longest.join(" ")
    }

    #[test]
    fn people_are_named_outside_of_code_only() {
        for (text, expected) in [
            ("@ann", "ann"),
            ("hello @Ann, and (@bob)!", "ann bob"),
            ("**@ann** _@bob_ ~@cleo~ > @dan", "ann bob cleo dan"),
            ("> @ann said", "ann"),
            ("- @ann\n- @bob", "ann bob"),
            ("@some_long-name.x", "some_long-name.x"),
            ("@channel and @ann", "ann *"),
            ("@ALL", "*"),
            ("`@ann`", ""),
            ("```\n@ann\n```\n@bob", "bob"),
            ("    @ann", ""),
            ("ann@example.org", ""),
            ("<ann@example.org>", ""),
            ("https://example.org/@ann", ""),
            ("@@ann", ""),
            ("@", ""),
            ("@é", ""),
            ("\\@ann", "ann"),
        ] {
            assert_eq!(named(text), expected, "{text:?}");
        }
    }

    #[test]
    fn dot_after_a_name_ends_the_sentence_unless_it_belongs_to_the_name() {
        assert_eq!(spellings("ann. Hello"), ["ann.", "ann"]);
        assert_eq!(spellings("ann"), ["ann"]);
        assert_eq!(spellings("ann-... no"), ["ann-...", "ann-..", "ann-.", "ann-"]);
        assert_eq!(spellings(&"a".repeat(40)), [""; 0]);
        assert_eq!(spellings(", no"), [""; 0]);
    }

    #[test]
    fn text_names_only_so_many() {
        let text: String = (0..500).map(|number| format!("@name{number} ")).collect();
        assert_eq!(Names::of(&text).people.len(), MAX_NAMES);
    }
}
