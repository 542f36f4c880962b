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

const THREADS: usize = 4;

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
    let trials: Vec<Trial> = worlds.iter().flat_map(suites::of).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    let covered = runs_everything(&arguments).then(|| coverage::report(&worlds));
    promise::report(&target_folder());
    for world in &worlds {
        world.stop();
    }
    servers.stop();
    guardian::finish();
    let failed = conclusion.has_failed() || covered == Some(false);
    ExitCode::from(u8::from(failed) * 101)
}

/// A run of a part says nothing about the whole contract.
fn runs_everything(arguments: &Arguments) -> bool {
    arguments.filter.is_none() && arguments.skip.is_empty() && !arguments.list && !arguments.ignored
}

mod coverage;
