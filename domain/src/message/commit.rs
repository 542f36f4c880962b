//! One batch of sends becomes messages, in one transaction.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter};

use crate::account::People;
use crate::database::{Database, Transaction, insert_all, padded};
use crate::entity::send_outcome;
use crate::id::{ChannelId, MessageId, UserId};
use crate::message::acl::Acl;
use crate::message::mention::{Mentions, Names};
use crate::message::thread::Roots;
use crate::message::{Fingerprint, Outcome, Pending, Rejection};
use crate::timeline::{Happening, NewMessage, Numbered, Person, Publication, Writer};

/// What a committed batch led to.
pub(crate) struct Committed {
    /// The outcome of each send, in the order of the batch.
    pub(crate) outcomes: Vec<Outcome>,
    /// What the nodes are to hear.
    pub(crate) publication: Publication,
}

/// Decides and stores a batch: locks the heads of its channels, drops what was
/// decided before, checks membership again, gives numbers, and writes messages,
/// events and outcomes. READ COMMITTED is enough: whoever else writes to these
/// channels waits for the locks; and two batches with the same id in different
/// channels meet at the primary key of `send_outcome`, where the second fails
/// as a whole and, run again, finds the first.
///
/// Idempotent: run again with the same sends it gives the same outcomes.
///
/// # Errors
/// Any database error; then nothing of the batch is stored.
pub(crate) async fn commit_batch(
    database: &Database,
    people: &People,
    acl: &Acl,
    batch: &[Pending],
    now: DateTime<Utc>,
) -> Result<Committed, DbErr> {
    // Before the locks: who waits for them does not wait for a parser.
    let names: Vec<Names> = batch.iter().map(|pending| Names::of(&pending.text)).collect();
    let transaction = database.write().await?;
    let channels: BTreeSet<ChannelId> = batch.iter().map(|pending| pending.channel_id).collect();
    let timeline = Writer::lock(&transaction, channels.into_iter().collect(), now).await?;
    let authors = batch.iter().map(|pending| pending.author_id).collect();
    let mut decision = Decision {
        now,
        decided: stored(&transaction, batch).await?,
        members: acl.members(&transaction, &timeline, batch).await?,
        authors: people.get(&transaction, authors).await?,
        roots: Roots::of(&transaction, batch).await?,
        timeline,
        mentions: Mentions::default(),
        rows: Vec::new(),
        repeated: Vec::new(),
    };
    let outcomes =
        batch.iter().zip(names).map(|(pending, names)| decision.decide(pending, names)).collect();
    insert_all(&transaction, decision.rows).await?;
    decision.mentions.write(&transaction).await?;
    let mut publication = decision.timeline.commit(transaction).await?;
    for (channel_id, seq) in decision.repeated {
        publication.remind(channel_id, seq);
    }
    Ok(Committed { outcomes, publication })
}

/// Stores that a send will never be a message, unless its outcome is known.
///
/// # Errors
/// Any database error.
pub(crate) async fn reject(
    database: &Database,
    pending: &Pending,
    reason: Rejection,
    now: DateTime<Utc>,
) -> Result<Outcome, DbErr> {
    let transaction = database.write().await?;
    let known = stored(&transaction, std::slice::from_ref(pending)).await?;
    if let Some(earlier) = known.get(&pending.id) {
        return Ok(earlier.outcome_for(pending.fingerprint()));
    }
    let outcome = Outcome::Rejected { reason };
    send_outcome::Entity::insert(row(pending, &outcome, now))
        .exec_without_returning(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(outcome)
}

/// An id that was decided, now or before.
pub(crate) struct Decided {
    fingerprint: Fingerprint,
    unreadable: bool,
    outcome: Outcome,
}

impl Decided {
    /// The same content has the same outcome for ever; other content under the
    /// same key was never sent.
    pub(crate) fn outcome_for(&self, fingerprint: Fingerprint) -> Outcome {
        // Of what nobody could read only the id is known: its end is final for any content.
        if self.fingerprint == fingerprint || self.unreadable {
            return self.outcome.clone();
        }
        Outcome::Rejected { reason: Rejection::KeyReused }
    }
}

impl From<send_outcome::Model> for Decided {
    fn from(row: send_outcome::Model) -> Self {
        let unreadable = row.author_id.0.is_nil();
        Self { fingerprint: row.fingerprint, unreadable, outcome: row.into() }
    }
}

/// Everything that the decision about a send rests on.
struct Decision {
    now: DateTime<Utc>,
    decided: HashMap<MessageId, Decided>,
    members: HashSet<(ChannelId, UserId)>,
    authors: HashMap<UserId, Person>,
    roots: Roots,
    timeline: Writer,
    mentions: Mentions,
    rows: Vec<send_outcome::ActiveModel>,
    /// What was committed before: perhaps nobody was told.
    repeated: Vec<(ChannelId, i64)>,
}

impl Decision {
    fn decide(&mut self, pending: &Pending, names: Names) -> Outcome {
        if let Some(earlier) = self.decided.get(&pending.id) {
            let outcome = earlier.outcome_for(pending.fingerprint());
            if let Outcome::Committed { channel_id, seq, .. } = outcome {
                self.repeated.push((channel_id, seq));
            }
            return outcome;
        }
        let outcome = match self.admit(pending) {
            Ok(author) => self.append(pending, author, names),
            Err(reason) => Outcome::Rejected { reason },
        };
        self.rows.push(row(pending, &outcome, self.now));
        let decided = Decided {
            fingerprint: pending.fingerprint(),
            unreadable: false,
            outcome: outcome.clone(),
        };
        self.decided.insert(pending.id, decided);
        outcome
    }

    fn admit(&self, pending: &Pending) -> Result<Person, Rejection> {
        let head = self.timeline.head(pending.channel_id).ok_or(Rejection::ChannelNotFound)?;
        if head.archived_at.is_some() {
            return Err(Rejection::ChannelArchived);
        }
        if !self.members.contains(&(pending.channel_id, pending.author_id)) {
            return Err(Rejection::NotAMember);
        }
        if !self.roots.admit(pending) {
            return Err(Rejection::ThreadNotFound);
        }
        self.authors.get(&pending.author_id).cloned().ok_or(Rejection::NotAMember)
    }

    fn append(&mut self, pending: &Pending, author: Person, names: Names) -> Outcome {
        let (channel_id, author_id) = (pending.channel_id, pending.author_id);
        let at = self.timeline.next_at(channel_id);
        let new = NewMessage {
            id: pending.id,
            author,
            text: pending.text.clone(),
            lifetime: pending.expires_in_s,
            thread: at.and_then(|at| self.roots.reply(pending, at)),
        };
        match self.timeline.append(channel_id, author_id, Happening::MessageCreated(new)) {
            Some(Numbered { seq, at }) => {
                self.roots.add(pending, seq);
                self.mentions.note(channel_id, seq, author_id, names);
                Outcome::Committed { channel_id, seq, at }
            }
            None => Outcome::Rejected { reason: Rejection::ChannelNotFound },
        }
    }
}

fn row(pending: &Pending, outcome: &Outcome, now: DateTime<Utc>) -> send_outcome::ActiveModel {
    let (seq, reason, at) = match outcome {
        Outcome::Committed { seq, at, .. } => (Some(*seq), None, *at),
        Outcome::Rejected { reason } => (None, Some(reason.code().to_owned()), now),
    };
    send_outcome::ActiveModel {
        id: Set(pending.id),
        author_id: Set(pending.author_id),
        fingerprint: Set(pending.fingerprint()),
        channel_id: Set(pending.channel_id),
        seq: Set(seq),
        reason: Set(reason),
        at: Set(at),
    }
}

async fn stored(
    transaction: &Transaction,
    batch: &[Pending],
) -> Result<HashMap<MessageId, Decided>, DbErr> {
    let ids = padded(batch.iter().map(|pending| pending.id));
    let rows = send_outcome::Entity::find()
        .filter(send_outcome::Column::Id.is_in(ids))
        .all(transaction)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, Decided::from(row))).collect())
}

impl From<send_outcome::Model> for Outcome {
    fn from(row: send_outcome::Model) -> Self {
        match row.seq {
            Some(seq) => Self::Committed { channel_id: row.channel_id, seq, at: row.at },
            None => {
                let reason = row.reason.as_deref().and_then(Rejection::from_code);
                Self::Rejected { reason: reason.unwrap_or(Rejection::SetAside) }
            }
        }
    }
}
