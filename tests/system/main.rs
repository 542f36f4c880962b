//! Runs the black-box suites on every combination, then checks that together
//! they saw the whole contract.

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use warren_tests::deployment::Combination;
use warren_tests::guardian;
use warren_tests::program::target_folder;
use warren_tests::promise;
use warren_tests::servers::{DatabaseServer, Servers};
use warren_tests::suites;
use warren_tests::world::World;

/// Tests that may run at once.
const THREADS: usize = 4;

/// The slowest tests that a run names at its end.
const SLOWEST: usize = 40;

const COMBINATIONS: [Combination; 3] = [
    Combination::Embedded,
    Combination::Cluster(DatabaseServer::Postgres),
    Combination::Cluster(DatabaseServer::Mariadb),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(THREADS));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let servers = Arc::new(Servers::default());
    let worlds =
        COMBINATIONS.map(|combination| World::new(combination, &servers, runtime.handle().clone()));
    let trials = worlds.iter().flat_map(suites::of);
    let (alone, together): (Vec<Trial>, _) = trials.partition(suites::is_alone);
    let together = libtest_mimic::run(&arguments, together);
    arguments.test_threads = Some(1);
    let alone = libtest_mimic::run(&arguments, alone);
    let covered = runs_everything(&arguments).then(|| coverage::report(&worlds));
    promise::report(&target_folder());
    report_slowest(&worlds);
    for world in &worlds {
        world.stop();
    }
    servers.stop();
    guardian::finish();
    let failed = together.has_failed() || alone.has_failed() || covered == Some(false);
    ExitCode::from(u8::from(failed) * 101)
}

/// Prints where the time of a run goes.
fn report_slowest(worlds: &[Arc<World>]) {
    let mut durations: Vec<_> = worlds.iter().flat_map(|world| world.durations()).collect();
    durations.sort_unstable_by(|one, other| other.cmp(one));
    println!("The slowest tests:");
    for (duration, test) in durations.iter().take(SLOWEST) {
        println!("  {:>4} s  {test}", duration.as_secs());
    }
}

/// A run of a part says nothing about the whole contract.
fn runs_everything(arguments: &Arguments) -> bool {
    arguments.filter.is_none() && arguments.skip.is_empty() && !arguments.list && !arguments.ignored
}

mod coverage;
