//! Many seeds, on all cores.

use std::fmt::{self, Display};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use crate::database::PANIC_TEXT;
use crate::run::{Report, run};
use crate::world::Tally;

/// Which seeds.
#[derive(Clone, Copy, Debug)]
pub struct Seeds {
    /// The first.
    pub first: u64,
    /// How many.
    pub count: u64,
}

/// Runs seeds until one fails, on as many threads as there are cores. They share
/// nothing but the code.
///
/// # Panics
/// If a simulation itself is wrong.
#[must_use]
pub fn run_all(seeds: Seeds) -> Vec<Report> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let (next, failed) = (AtomicU64::new(0), AtomicBool::new(false));
    let work = || {
        let mut reports = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= seeds.count {
                break;
            }
            let report = run(seeds.first + number, false);
            failed.fetch_or(report.violation.is_some(), Ordering::Relaxed);
            reports.push(report);
        }
        reports
    };
    let mut reports: Vec<Report> = thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let reports = workers.into_iter().map(|worker| worker.join().expect("no panic"));
        reports.flatten().collect()
    });
    reports.sort_by_key(|report| report.seed);
    reports
}

/// What some seeds led to, for people.
#[derive(Clone, Debug)]
pub struct Summary {
    seeds: usize,
    tally: Tally,
    /// Those that broke something.
    pub failures: Vec<Report>,
}

impl Summary {
    /// Of these.
    #[must_use]
    pub fn of(reports: &[Report]) -> Self {
        let mut tally = Tally::default();
        reports.iter().for_each(|report| tally.add(&report.tally));
        let failures = reports.iter().filter(|report| report.violation.is_some());
        Self { seeds: reports.len(), tally, failures: failures.cloned().collect() }
    }
}

impl Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Report { seed, violation, .. } in &self.failures {
            if let Some(violation) = violation {
                writeln!(formatter, "seed {seed} violates {violation}")?;
                writeln!(
                    formatter,
                    "replay it: cargo run -p warren-simulation -- --seed {seed} --trace"
                )?;
            }
        }
        let Self { seeds, tally, failures } = self;
        write!(formatter, "{seeds} seeds: {tally}; {} violations", failures.len())
    }
}

/// Some simulated committers panic, as they are told to: nobody need read of it.
pub fn silence_panics_made_on_purpose() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload_as_str() != Some(PANIC_TEXT) {
            usual(panic);
        }
    }));
}
