//! What the operator does from a command line, beside a running server and
//! without it.

mod accounts;
mod dead_letters;
mod doctor;
mod wipe;

use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;

use crate::world::World;

const WITHIN: Duration = Duration::from_secs(30);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = accounts::trials(world);
    trials.extend(dead_letters::trials(world));
    trials.extend(doctor::trials(world));
    trials.extend(wipe::trials(world));
    trials
}

/// What a command that went well said.
fn done(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}{error}", said(output));
    said(output)
}

/// What a command that failed said of it.
fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", said(output));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
