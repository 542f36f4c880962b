//! What one may ask for.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

/// Measures Warren beside the bare limits of what it is made of.
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    /// What to measure; everything if nothing is named
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) only: Vec<Work>,
    /// How long each measurement takes, in seconds
    #[arg(long, default_value_t = 5)]
    pub(crate) seconds: u64,
    /// How often each ratio is measured; the median counts
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
    /// The folder for results.json, results.md and the curves
    #[arg(long, default_value = "docs/benchmarks")]
    pub(crate) out: PathBuf,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// One part of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Work {
    /// Durable sends through RabbitMQ into PostgreSQL
    Cluster,
    /// Durable sends into SQLite, in one process
    Embedded,
    /// One message to many sockets, and their memory while idle
    Sockets,
    /// Pages of a long history
    History,
    /// What a message costs while everything grows
    Growth,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// The bare socket server: started by this program itself, in a process of its own
    #[command(hide = true)]
    BareSockets,
}

impl Arguments {
    /// Whether `work` was asked for.
    pub(crate) fn wants(&self, work: Work) -> bool {
        self.only.is_empty() || self.only.contains(&work)
    }

    /// How long each measurement takes.
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}
