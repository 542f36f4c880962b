//! Dead letters, by the operator.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use uuid::Uuid;
use warren_domain::Domain;
use warren_domain::message::dead_letter::{Replayed, replay};
use warren_domain::message::{Outcome, Rejection};
use warren_domain::port::{DeadLetter, DeadLetterReader, DeadLetters};
use warren_process::Failure;

use super::terminal::is_answered;
use crate::say;

/// So much of a payload is shown.
const SHOWN_BYTES: usize = 64 * 1024;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Name each, with when and why it was set aside.
    List,
    /// Show all of one.
    Show {
        /// Its id, as `list` gives it.
        id: Uuid,
    },
    /// Send them again: each becomes one message at most, however often this is
    /// done. Those that became one, or were rejected for good, are removed.
    Replay(Chosen),
    /// Remove them for good.
    Discard {
        #[command(flatten)]
        chosen: Chosen,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Chosen {
    /// Their ids, as `list` gives them.
    ids: Vec<Uuid>,
    /// All that there are now.
    #[arg(long)]
    all: bool,
}

#[derive(Debug, thiserror::Error)]
enum LetterError {
    #[error("there is no dead letter {0}")]
    NotFound(Uuid),
    #[error("{0} of these dead letters stay")]
    Stay(usize),
    #[error("nothing was discarded")]
    NotConfirmed,
}

pub(super) async fn run(
    domain: &Domain,
    letters: &dyn DeadLetters,
    command: Command,
) -> Result<(), Failure> {
    match command {
        Command::List => list(letters).await,
        Command::Show { id } => show(letters, id).await,
        Command::Replay(chosen) => replay_all(domain, letters, chosen).await,
        Command::Discard { chosen, yes } => discard(letters, chosen, yes).await,
    }
}

async fn list(letters: &dyn DeadLetters) -> Result<(), Failure> {
    let mut reader = letters.open().await?;
    while let Some(letter) = reader.next().await? {
        let (id, reason) = (letter.id(), printable(&letter.reason));
        say(&format!("{id}  {}  {reason}", set_aside_at(&letter)));
    }
    Ok(())
}

async fn show(letters: &dyn DeadLetters, id: Uuid) -> Result<(), Failure> {
    each(letters, Chosen { ids: vec![id], all: false }, async |_, letter| {
        let partition = letter.partition.map_or("unknown".to_owned(), |it| it.to_string());
        say(&format!("id         {id}"));
        say(&format!("set aside  {}", set_aside_at(&letter)));
        say(&format!("partition  {partition}"));
        say(&format!("reason     {}", printable(&letter.reason)));
        say(&format!("payload    {} bytes", letter.payload.len()));
        let shown = letter.payload.get(..SHOWN_BYTES).unwrap_or(&letter.payload);
        say(&printable(&String::from_utf8_lossy(shown)));
        Ok(())
    })
    .await
}

async fn replay_all(
    domain: &Domain,
    letters: &dyn DeadLetters,
    chosen: Chosen,
) -> Result<(), Failure> {
    let mut stay = 0;
    each(letters, chosen, async |reader, letter| {
        match replay(&domain.database, domain.log.as_ref(), &letter).await {
            Ok(replayed) => {
                reader.remove().await?;
                say(&format!("{}  {}", letter.id(), became(&replayed)));
            }
            Err(error) => {
                stay += 1;
                say(&format!("{}  stays: {}", letter.id(), Failure::from(error).message()));
            }
        }
        Ok(())
    })
    .await?;
    match stay {
        0 => Ok(()),
        stay => Err(LetterError::Stay(stay).into()),
    }
}

async fn discard(letters: &dyn DeadLetters, chosen: Chosen, yes: bool) -> Result<(), Failure> {
    if !yes && !is_answered("Type yes to remove these dead letters for good:", "yes")? {
        return Err(LetterError::NotConfirmed.into());
    }
    each(letters, chosen, async |reader, letter| {
        reader.remove().await?;
        say(&format!("{}  was discarded", letter.id()));
        Ok(())
    })
    .await
}

/// Goes through those that are chosen, and fails if one of them is not there.
async fn each(
    letters: &dyn DeadLetters,
    chosen: Chosen,
    mut visit: impl AsyncFnMut(&mut dyn DeadLetterReader, DeadLetter) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut missing = BTreeSet::from_iter(&chosen.ids);
    let mut reader = letters.open().await?;
    while let Some(letter) = reader.next().await? {
        let id = letter.id();
        if chosen.all || chosen.ids.contains(&id) {
            missing.remove(&id);
            visit(reader.as_mut(), letter).await?;
        }
    }
    match missing.first() {
        Some(id) => Err(LetterError::NotFound(**id).into()),
        None => Ok(()),
    }
}

fn became(replayed: &Replayed) -> String {
    match replayed {
        Replayed::WasCommitted => "had become a message before".into(),
        Replayed::Sent(id, None) => format!("was sent as {id}, and waits to be committed"),
        Replayed::Sent(id, Some(Outcome::Committed { channel_id, seq, .. })) => {
            format!("became message {id}, number {seq} of channel {channel_id}")
        }
        Replayed::Sent(id, Some(Outcome::Rejected { reason: Rejection::SetAside })) => {
            format!("was refused again; it is among the dead letters as {id}")
        }
        Replayed::Sent(id, Some(Outcome::Rejected { reason })) => {
            format!("was sent as {id} and rejected for good: {}", reason.code())
        }
    }
}

fn set_aside_at(letter: &DeadLetter) -> String {
    let seconds = letter.set_aside_at.map(|at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string());
    seconds.unwrap_or_else(|| "at an unknown time".into())
}

/// What a terminal would obey is written out.
fn printable(text: &str) -> String {
    let write_out = |character: char| match character.is_control() {
        true => character.escape_default().to_string(),
        false => character.to_string(),
    };
    text.chars().map(write_out).collect()
}
