//! The document against the running system: thousands of requests that are made
//! from it, one after the other's answers, right and wrong ones. None may end in
//! a 5xx, and no answer may be other than documented.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;

use crate::deployment::Options;
use crate::facts;
use crate::guardian;
use crate::program::{Program, tool};
use crate::wait::eventually;
use crate::world::World;

/// It stops by itself (`max-time` in its configuration) long before.
const LIMIT: Duration = Duration::from_secs(150);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "schemathesis", [nothing_made_from_the_document_breaks_it])
}

async fn nothing_made_from_the_document_breaks_it(world: Arc<World>) {
    let deployment = world.deploy(Options { apis: 1, workers: 1, ..Options::default() }).await;
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = guardian::directory("schemathesis");
    let mut command = Command::new(tool("openapi/python/bin/schemathesis"));
    command.arg("--config-file").arg(here.join("schemathesis/schemathesis.toml"));
    command.arg("run").arg(here.join("../openapi/openapi.json"));
    command.args(["--url", deployment.api(0), "--no-color"]);
    command.current_dir(&folder).env("HOME", &folder);
    command.env("SCHEMATHESIS_HOOKS", here.join("schemathesis/hooks.py"));
    command.env("WARREN_URL", deployment.api(0)).env("PYTHONDONTWRITEBYTECODE", "1");
    let tester = Program::start("schemathesis", command);
    let status = eventually("it ends", LIMIT, async || tester.exit_status()).await;
    assert!(status.success(), "{}", tester.output());
    for phase in ["Coverage", "Fuzzing", "Stateful"] {
        let ran = tester.line_with(&format!("{phase} (in "));
        assert!(ran.is_some(), "{phase} did not run: {}", tester.output());
    }
}
