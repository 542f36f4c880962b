//! What is asked of whoever sits at the terminal, or pipes the answer in.

use std::io::{BufRead, IsTerminal, Read, stdin};

use warren_domain::Invalid;
use warren_domain::account::Password;
use warren_process::Failure;

/// More than any answer has.
const LONGEST_LINE_BYTES: u64 = 4096;

#[derive(Debug, thiserror::Error)]
enum AnswerError {
    #[error("{0}")]
    Password(Invalid),
    #[error("the two passwords differ")]
    Differ,
}

/// A new password: typed twice without being shown, or one line of standard
/// input. Never an argument: those are for everybody to see.
pub(super) fn new_password() -> Result<Password, Failure> {
    let text = if stdin().is_terminal() {
        let text = rpassword::prompt_password("New password (8 to 256 characters): ")?;
        if rpassword::prompt_password("The same again: ")? != text {
            return Err(AnswerError::Differ.into());
        }
        text
    } else {
        read_line()?
    };
    Ok(Password::parse(&text).map_err(AnswerError::Password)?)
}

/// Whether the answer to a question is `expected`.
#[expect(clippy::print_stderr, reason = "a question is not an answer to a command")]
pub(super) fn is_answered(question: &str, expected: &str) -> Result<bool, Failure> {
    eprintln!("{question}");
    Ok(read_line()? == expected)
}

fn read_line() -> Result<String, std::io::Error> {
    let mut line = String::new();
    stdin().lock().take(LONGEST_LINE_BYTES).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
