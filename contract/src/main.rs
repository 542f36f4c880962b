//! Accepts a document as the contract: `make contract`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serde_json::Value;
use warren_contract::accept;

/// Keeps what the HTTP contract promised last.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write what binds in DOCUMENT to CONTRACT, unless it breaks clients and
    /// its version does not say so.
    Accept {
        /// openapi.json
        document: PathBuf,
        /// contract.json
        contract: PathBuf,
    },
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("{path}: {source}")]
    Json { path: PathBuf, source: serde_json::Error },
    #[error(transparent)]
    Refused(#[from] warren_contract::AcceptError),
}

#[expect(clippy::print_stderr, reason = "what a command has to say")]
fn main() -> ExitCode {
    let Command::Accept { document, contract } = Arguments::parse().command;
    match run(&document, &contract) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(document: &Path, contract: &Path) -> Result<(), Failure> {
    let accepted = contract.exists().then(|| read(contract)).transpose()?;
    let new = accept(&read(document)?, accepted.as_ref())?;
    std::fs::write(contract, new.to_json())
        .map_err(|source| Failure::File { path: contract.to_owned(), source })
}

fn read(path: &Path) -> Result<Value, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| Failure::File { path: path.to_owned(), source })?;
    serde_json::from_str(&text).map_err(|source| Failure::Json { path: path.to_owned(), source })
}
