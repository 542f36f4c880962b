//! Runs the black-box suites on every combination, then checks that together
//! they saw the whole contract.

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use warren_tests::deployment::Combination;
use warren_tests::guardian;
use warren_tests::servers::Servers;
use warren_tests::suites;
use warren_tests::world::World;

const THREADS: usize = 4;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(THREADS));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let servers = Arc::new(Servers::default());
    let embedded = World::new(Combination::Embedded, &servers, runtime.handle().clone());
    let cluster = World::new(Combination::Cluster, &servers, runtime.handle().clone());
    let conclusion = libtest_mimic::run(&arguments, trials(&embedded, &cluster));
    let covered = runs_everything(&arguments).then(|| coverage::report(&embedded, &cluster));
    embedded.stop();
    cluster.stop();
    servers.stop();
    guardian::finish();
    let failed = conclusion.has_failed() || covered == Some(false);
    ExitCode::from(u8::from(failed) * 101)
}

fn trials(embedded: &Arc<World>, cluster: &Arc<World>) -> Vec<Trial> {
    let mut trials = suites::black_box(embedded);
    trials.extend(suites::embedded(embedded));
    trials.extend(suites::black_box(cluster));
    trials.extend(suites::cluster(cluster));
    trials
}

/// A run of a part says nothing about the whole contract.
fn runs_everything(arguments: &Arguments) -> bool {
    arguments.filter.is_none() && arguments.skip.is_empty() && !arguments.list && !arguments.ignored
}

mod coverage;
