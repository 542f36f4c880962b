//! Letters by SMTP (RFC 5321), each over a connection of its own: there are few.

use std::time::Duration;

use async_trait::async_trait;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use url::Url;
use warren_domain::port::{Letter, Mail, MailError};
use warren_process::ConfigurationError;
use warren_process::configuration::{Encryption, MailSettings, SmtpUrl};

/// Within which a letter is handed over, its waiting included.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// More connections than this no mail server needs to bear.
const MAX_CONNECTIONS: usize = 4;

/// One mail server.
pub(crate) struct SmtpMail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    connections: Semaphore,
}

impl SmtpMail {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// If the sender is no address, or the URL none that mail can be sent to.
    pub(crate) fn new(settings: &MailSettings) -> Result<Self, ConfigurationError> {
        let from = settings.from.parse().map_err(|_| {
            let message = "must be an address, such as Warren <warren@example.org>";
            ConfigurationError::new("WARREN_SMTP_FROM", message)
        })?;
        // The library's own words may quote the URL.
        let builder =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(url(&settings.smtp_url).as_str())
                .map_err(|_| {
                    ConfigurationError::new("WARREN_SMTP_URL", "is no address of a mail server")
                })?;
        let transport = builder.timeout(Some(SEND_TIMEOUT)).build();
        Ok(Self { transport, from, connections: Semaphore::new(MAX_CONNECTIONS) })
    }

    /// Greets and signs in, and sends nothing.
    ///
    /// # Errors
    /// [`MailError::Server`].
    pub(crate) async fn check(&self) -> Result<(), MailError> {
        match timeout(SEND_TIMEOUT, self.transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(MailError::Server("it closes the connection".into())),
            Ok(Err(error)) => Err(failure(&error)),
            Err(_) => Err(MailError::Server("no answer in time".into())),
        }
    }

    async fn hand_over(&self, message: Message) -> Result<(), MailError> {
        let sending = async {
            let _connection = self.connections.acquire().await;
            self.transport.send(message).await
        };
        match timeout(SEND_TIMEOUT, sending).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(failure(&error)),
            Err(_) => Err(MailError::Server("no answer in time".into())),
        }
    }
}

#[async_trait]
impl Mail for SmtpMail {
    async fn send(&self, letter: Letter) -> Result<(), MailError> {
        self.hand_over(message(&self.from, letter)?).await
    }
}

/// As the library takes it: without `tls` it encrypts nothing.
fn url(smtp_url: &SmtpUrl) -> Url {
    let mut url = smtp_url.expose().clone();
    match smtp_url.encryption() {
        Encryption::Tls | Encryption::Off => url.set_query(None),
        Encryption::StartTls => url.set_query(Some("tls=required")),
    }
    url
}

fn message(from: &Mailbox, letter: Letter) -> Result<Message, MailError> {
    // One address and nothing else: no name, no list, no second line.
    let to: Address = letter
        .to
        .as_ref()
        .parse()
        .map_err(|_| MailError::Recipient("not an address for mail".into()))?;
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .message_id(None)
        .raw_header(by_a_program())
        .subject(letter.subject)
        .header(ContentType::TEXT_PLAIN)
        .body(letter.text)
        .map_err(|error| MailError::Recipient(error.to_string()))
}

/// So that nobody's answering machine answers (RFC 3834).
fn by_a_program() -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into())
}

/// A refusal of this letter is told from trouble with all of them by the
/// server's answer: 550 to 553 are about mailboxes (RFC 5321, 4.2.3).
fn failure(error: &smtp::Error) -> MailError {
    match error.status().map(u16::from) {
        Some(code @ 550..=553) => MailError::Recipient(format!("the server answered {code}")),
        Some(code) => MailError::Server(format!("it answered {code}")),
        None => MailError::Server(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use warren_domain::account::Email;
    use warren_process::Configuration;
    use warren_process::configuration::Sources;

    use super::*;

    fn settings(url: &str, from: &str) -> MailSettings {
        let environment = [
            ("WARREN_SMTP_URL", url),
            ("WARREN_SMTP_FROM", from),
            ("WARREN_PUBLIC_URL", "https://chat.example.org"),
        ];
        let sources = Sources { environment: environment.into(), ..Sources::default() };
        Configuration::load(&sources).unwrap().mail.unwrap()
    }

    fn letter(to: &str) -> Letter {
        let to = Email::parse(to).unwrap();
        Letter { to, subject: "One line\r\nBcc: x@example.org".into(), text: "Hello.\n.\n".into() }
    }

    #[test]
    fn every_encryption_can_be_set_up() {
        for url in ["smtps://u:p%40@h", "smtp://u:p@h:587", "smtp://127.0.0.1:25?tls=off"] {
            assert!(SmtpMail::new(&settings(url, "Warren <w@example.org>")).is_ok(), "{url}");
        }
        let refused = SmtpMail::new(&settings("smtps://h", "one@example.org, two@example.org"));
        assert_eq!(refused.err().unwrap().key, "WARREN_SMTP_FROM");
    }

    #[test]
    fn letter_has_one_recipient_and_no_header_of_a_strangers() {
        let from: Mailbox = "Warren <w@example.org>".parse().unwrap();
        let written = message(&from, letter("ann@example.org")).unwrap();
        assert_eq!(written.envelope().to().len(), 1);
        let text = String::from_utf8(written.formatted()).unwrap();
        assert!(!text.lines().any(|line| line.starts_with("Bcc:")), "{text}");
        for odd in ["a@b.c,x@example.org", "<x@example.org>,a@b.c", "a;x@example.org"] {
            let written = message(&from, letter(odd));
            assert!(written.is_err() || written.unwrap().envelope().to().len() == 1, "{odd}");
        }
    }
}
