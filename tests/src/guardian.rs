//! Nothing outlives a test run. A shell holds the other end of a pipe to this
//! process and a list of the process groups that it started. When the pipe
//! closes, however this process ended, the shell ends those groups and removes
//! the run's directory.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock};

const SCRIPT: &str = r#"
trap '' INT TERM HUP
directory=$1
groups=''
while read -r word group; do
    kept=''
    for known in $groups; do
        [ "$known" = "$group" ] || kept="$kept $known"
    done
    groups=$kept
    [ "$word" = watch ] && groups="$groups $group"
done
for signal in CONT TERM KILL; do
    for group in $groups; do kill -s "$signal" -- "-$group" 2>/dev/null; done
    tries=0
    while [ "$signal" = TERM ] && [ $tries -lt 30 ]; do
        alive=''
        for group in $groups; do kill -s 0 -- "-$group" 2>/dev/null && alive=yes; done
        [ -z "$alive" ] && break
        tries=$((tries + 1))
        sleep 0.1
    done
done
rm -rf -- "$directory"
"#;

static GUARDIAN: OnceLock<Guardian> = OnceLock::new();

struct Guardian {
    shell: Mutex<Child>,
    pipe: Mutex<Option<ChildStdin>>,
    directory: PathBuf,
}

/// A new directory of the run; every user may enter it, since servers drop
/// their privileges.
pub fn directory(name: &str) -> PathBuf {
    let path = guardian().directory.join(format!("{name}-{}", uuid::Uuid::new_v4().simple()));
    std::fs::create_dir(&path).expect("create a directory for the test run");
    path
}

/// Starts `command` in a process group of its own that ends with this process.
pub fn spawn(command: &mut Command) -> std::io::Result<Child> {
    let guardian = guardian();
    let child = command.process_group(0).spawn()?;
    guardian.tell("watch", child.id());
    Ok(child)
}

/// A process group has ended: its number may be given to somebody else.
pub fn forget(group: u32) {
    guardian().tell("forget", group);
}

/// Ends what still runs and removes the run's directory. Nothing can be
/// started afterwards.
pub fn finish() {
    if let Some(guardian) = GUARDIAN.get() {
        drop(guardian.pipe.lock().unwrap().take());
        guardian.shell.lock().unwrap().wait().expect("wait for the guardian");
    }
}

fn guardian() -> &'static Guardian {
    GUARDIAN.get_or_init(|| {
        let directory = new_root(&std::env::temp_dir());
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "guardian"])
            .arg(&directory)
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("start the guardian shell");
        let pipe = Mutex::new(shell.stdin.take());
        Guardian { shell: Mutex::new(shell), pipe, directory }
    })
}

fn new_root(parent: &Path) -> PathBuf {
    let path = parent.join(format!("warren-tests-{}", uuid::Uuid::new_v4().simple()));
    std::fs::create_dir(&path).expect("create the run's directory");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o711)).expect("open the directory");
    path
}

impl Guardian {
    fn tell(&self, word: &str, group: u32) {
        let mut pipe = self.pipe.lock().unwrap();
        let pipe = pipe.as_mut().expect("the run is not finished");
        writeln!(pipe, "{word} {group}").expect("tell the guardian");
    }
}
