//! Letters to people, outside the chat.

use std::sync::Arc;

use async_trait::async_trait;

use crate::account::Email;

/// Takes letters to whoever delivers them.
#[async_trait]
pub trait Mail: Send + Sync + 'static {
    /// Hands one letter over, or gives up within ten seconds. Whether it
    /// arrives nobody knows.
    ///
    /// # Errors
    /// [`MailError`].
    async fn send(&self, letter: Letter) -> Result<(), MailError>;
}

/// A way for letters, and where the links in them lead.
#[derive(Clone)]
pub struct PostOffice {
    /// Takes them.
    pub mail: Arc<dyn Mail>,
    /// The address that people type, without a slash at its end.
    pub public_url: String,
}

/// A letter of plain text to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// To whom.
    pub to: Email,
    /// One line.
    pub subject: String,
    /// What it says.
    pub text: String,
}

/// Why a letter was not handed over. Names no recipient.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The address is none that mail can be sent to, or the server says so.
    #[error("the recipient was refused: {0}")]
    Recipient(String),
    /// The server cannot be reached, or does not take letters from us.
    #[error("the mail server failed: {0}")]
    Server(String),
}
