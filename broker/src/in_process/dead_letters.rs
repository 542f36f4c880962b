//! The dead letters of a log without queues: a table of the database.

use async_trait::async_trait;
use warren_domain::database::{Database, DbErr};
use warren_domain::id::MessageId;
use warren_domain::message::dead_letter::{count_kept, forget_kept, next_kept};
use warren_domain::port::{DeadLetter, DeadLetterReader, DeadLetters, LogError};

/// What the database refused to make messages of.
pub struct InProcessDeadLetters {
    database: Database,
}

impl InProcessDeadLetters {
    /// Those in this database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl DeadLetters for InProcessDeadLetters {
    async fn count(&self) -> Result<u64, LogError> {
        count_kept(&self.database).await.map_err(unreachable)
    }

    async fn open(&self) -> Result<Box<dyn DeadLetterReader>, LogError> {
        let left = self.count().await?;
        Ok(Box::new(Reader { database: self.database.clone(), left, seen: None }))
    }
}

/// Goes through the table by id.
struct Reader {
    database: Database,
    /// What was added since is not looked at: it may be what was sent again.
    left: u64,
    seen: Option<DeadLetter>,
}

#[async_trait]
impl DeadLetterReader for Reader {
    async fn next(&mut self) -> Result<Option<DeadLetter>, LogError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let after = self.seen.as_ref().map(|letter| MessageId(letter.id()));
        let letter = next_kept(&self.database, after).await.map_err(unreachable)?;
        if letter.is_some() {
            self.seen = letter.clone();
        }
        Ok(letter)
    }

    async fn remove(&mut self) -> Result<(), LogError> {
        match &self.seen {
            Some(letter) => forget_kept(&self.database, letter).await.map_err(unreachable),
            None => Ok(()),
        }
    }
}

fn unreachable(error: DbErr) -> LogError {
    LogError { reason: error.to_string() }
}
