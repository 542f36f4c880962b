//! The generated clients: that the one which is checked in is the document's, and
//! that the first program of each compiles and does what it says.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use libtest_mimic::Trial;

use crate::facts;
use crate::program::target_folder;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "sdk", [first_programs_of_every_client_work])
}

async fn first_programs_of_every_client_work(world: Arc<World>) {
    let url = world.shared().await.api(0).to_owned();
    let checked = tokio::task::spawn_blocking(move || {
        generate();
        typescript_types_are_checked_in();
        for language in ["typescript", "python", "rust"] {
            first_program_works(language, &url);
        }
    });
    checked.await.expect("an end");
}

/// As `make sdk` does; nothing if nothing has changed since.
fn generate() {
    expect_success("generate", Command::new(openapi("generate.sh")).arg(target_folder()));
}

fn typescript_types_are_checked_in() {
    let read = |path: PathBuf| std::fs::read_to_string(path).expect("a file of types");
    let generated = read(target_folder().join("sdk/typescript/schema.d.ts"));
    let checked_in = read(openapi("typescript/schema.d.ts"));
    assert!(generated == checked_in, "openapi/typescript/schema.d.ts is outdated: make sdk");
}

/// It sends a message twice under one key, reads it, and is refused something.
fn first_program_works(language: &str, url: &str) {
    let mut build = Command::new(openapi("examples/build.sh"));
    let built = expect_success(language, build.arg(target_folder()).arg(language));
    let mut words = built.split_whitespace();
    let mut program = Command::new(words.next().expect("a command"));
    let said = expect_success(language, program.args(words).env("WARREN_URL", url));
    let sent = said.lines().find(|line| line.starts_with("sent ")).expect("what was sent");
    let (first, again) = sent.split_once(", and again as ").expect("both numbers");
    assert!(first.ends_with(&format!(" number {again}")), "{language}: {said}");
    assert!(said.contains(": Hello from "), "{language}: {said}");
    assert!(said.contains("refused: 404 not_found"), "{language}: {said}");
}

fn openapi(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi").join(name)
}

/// Its standard output.
fn expect_success(what: &str, command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().expect("run a command");
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{what} ({status}): {stderr}{stdout}");
    stdout.into_owned()
}
