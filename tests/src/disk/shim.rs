//! The library of `tests/shim/disk.c`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::guardian;

static LIBRARY: LazyLock<PathBuf> = LazyLock::new(compile);

/// The path of the library, compiled when it is first needed.
pub(super) fn library() -> &'static Path {
    &LIBRARY
}

fn compile() -> PathBuf {
    let folder = guardian::directory("shim");
    let library = folder.join("disk.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("shim/disk.c");
    let made = Command::new("cc")
        .args(["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(source)
        .arg("-ldl")
        .output()
        .expect("run cc");
    assert!(made.status.success(), "cc: {}", String::from_utf8_lossy(&made.stderr));
    library
}
