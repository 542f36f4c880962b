//! A mail server (RFC 5321) that keeps what it is given.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::wait::eventually;

/// How long a letter may take from the request that leads to it.
const ARRIVES: Duration = Duration::from_secs(20);

/// A server that takes every letter, or one that never says a word.
pub struct Smtp {
    port: u16,
    letters: Arc<Mutex<Vec<Letter>>>,
    connections: Arc<Mutex<usize>>,
    task: JoinHandle<()>,
}

/// What was delivered.
#[derive(Clone, Debug, Default)]
pub struct Letter {
    pub from: String,
    pub to: Vec<String>,
    /// Headers and text, with line feeds only.
    pub content: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Obliging,
    Silent,
}

impl Smtp {
    /// A server that takes letters.
    pub async fn start() -> Self {
        Self::start_as(Manner::Obliging).await
    }

    /// A server that accepts connections and says nothing.
    pub async fn start_silent() -> Self {
        Self::start_as(Manner::Silent).await
    }

    async fn start_as(manner: Manner) -> Self {
        let port = super::port::free();
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("listen");
        let (letters, connections) = (Arc::default(), Arc::default());
        let task =
            tokio::spawn(serve(listener, manner, Arc::clone(&letters), Arc::clone(&connections)));
        Self { port, letters, connections, task }
    }

    /// As `WARREN_SMTP_URL` takes it.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}?tls=off", self.port)
    }

    /// How many connections there have been.
    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    /// What was delivered to an address so far.
    pub fn letters_to(&self, address: &str) -> Vec<Letter> {
        let letters = self.letters.lock().unwrap();
        letters.iter().filter(|letter| letter.to.iter().any(|to| to == address)).cloned().collect()
    }

    /// The newest letter to an address, once there are so many.
    pub async fn letter_to(&self, address: &str, count: usize) -> Letter {
        eventually(&format!("letter {count} to {address}"), ARRIVES, async || {
            let letters = self.letters_to(address);
            (letters.len() >= count).then(|| letters.last().cloned())?
        })
        .await
    }
}

impl Letter {
    /// What follows `mark` in the text, up to white space.
    pub fn after(&self, mark: &str) -> String {
        let rest = self.content.split_once(mark).map(|(_, rest)| rest);
        let rest = rest.unwrap_or_else(|| panic!("no {mark} in {}", self.content));
        rest.split_whitespace().next().unwrap_or_default().to_owned()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (headers, _) = self.content.split_once("\n\n")?;
        let line = headers.lines().find_map(|line| line.strip_prefix(&format!("{name}:")))?;
        Some(line.trim())
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    listener: TcpListener,
    manner: Manner,
    letters: Arc<Mutex<Vec<Letter>>>,
    connections: Arc<Mutex<usize>>,
) {
    // Silence is kept by holding the connections open.
    let mut held = Vec::new();
    while let Ok((stream, _)) = listener.accept().await {
        *connections.lock().unwrap() += 1;
        match manner {
            Manner::Silent => held.push(stream),
            Manner::Obliging => {
                let letters = Arc::clone(&letters);
                tokio::spawn(async move {
                    let _ = converse(stream, &letters).await;
                });
            }
        }
    }
}

/// One conversation, strict about its order.
async fn converse(stream: TcpStream, letters: &Mutex<Vec<Letter>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut letter = Letter::default();
    say(&mut stream, "220 letters.example.org").await?;
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let said = line.trim_end().to_owned();
        line.clear();
        let verb = said.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        match verb.as_str() {
            "EHLO" | "HELO" => say(&mut stream, "250 letters.example.org").await?,
            "MAIL" => {
                letter = Letter { from: address(&said), ..Letter::default() };
                say(&mut stream, "250 well").await?;
            }
            "RCPT" if !letter.from.is_empty() => {
                letter.to.push(address(&said));
                say(&mut stream, "250 well").await?;
            }
            "DATA" if !letter.to.is_empty() => {
                say(&mut stream, "354 go on").await?;
                letter.content = decoded(&content(&mut stream).await?);
                letters.lock().unwrap().push(std::mem::take(&mut letter));
                say(&mut stream, "250 taken").await?;
            }
            "QUIT" => return say(&mut stream, "221 bye").await,
            _ => say(&mut stream, "503 not now").await?,
        }
    }
    Ok(())
}

async fn say(stream: &mut BufReader<TcpStream>, line: &str) -> std::io::Result<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await
}

/// What stands between `<` and `>`.
fn address(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or_else(String::new, |(address, _)| address.to_owned())
}

/// Lines up to the one with a single dot; a doubled first dot is one (RFC 5321, 4.5.2).
async fn content(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut content = String::new();
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let text = line.trim_end_matches(['\r', '\n']);
        if text == "." {
            break;
        }
        content.push_str(text.strip_prefix('.').unwrap_or(text));
        content.push('\n');
        line.clear();
    }
    Ok(content)
}

/// The same with a readable body, should that be quoted-printable (RFC 2045, 6.7).
fn decoded(content: &str) -> String {
    let (headers, body) = content.split_once("\n\n").expect("headers and a body");
    if !headers.contains("Content-Transfer-Encoding: quoted-printable") {
        return content.to_owned();
    }
    let joined = body.replace("=\n", "");
    let mut parts = joined.split('=');
    let mut text = format!("{headers}\n\n{}", parts.next().unwrap_or_default());
    for part in parts {
        let code = u8::from_str_radix(&part[..2], 16).expect("a hexadecimal number");
        text.push(char::from(code));
        text.push_str(&part[2..]);
    }
    text
}
