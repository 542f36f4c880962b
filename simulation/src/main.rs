//! `warren-simulation`: runs seeds, and says which of them break something.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use warren_simulation::{Seeds, Summary, run, run_all, silence_panics_made_on_purpose};

/// Runs simulations of Warren, each decided by its seed.
#[derive(Parser)]
struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Run only this one.
    #[arg(long, conflicts_with_all = ["seeds", "first"])]
    seed: Option<u64>,
    /// Print everything that happens.
    #[arg(long, requires = "seed")]
    trace: bool,
}

fn main() -> ExitCode {
    silence_panics_made_on_purpose();
    let Arguments { seeds, first, seed, trace } = Arguments::parse();
    let begun = Instant::now();
    let ran = match seed {
        Some(seed) => vec![run(seed, trace)],
        None => run_all(Seeds { first, count: seeds }),
    };
    if let ([report], Some(seed)) = (ran.as_slice(), seed) {
        println!("seed {seed} is {:016x}", report.digest);
    }
    let summary = Summary::of(&ran);
    println!("{summary} in {:.0} s", begun.elapsed().as_secs_f64());
    match summary.failures.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
