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

/// A shell function. A group's number is also its session's if a program like
/// supervisord was started in a session of its own; what that starts has groups
/// of its own, but stays in the session.
const END_SESSION: &str = r#"
end_session() {
    while
        found=''
        for stat in /proc/[0-9]*/stat; do
            { read -r line <"$stat"; } 2>/dev/null || continue
            # After the name in parentheses: state, parent, group, session.
            set -- "$1" ${line##*) }
            [ "$5" = "$1" ] && [ "$2" != Z ] && found="$found ${line%% *}"
        done
        [ -n "$found" ]
    do
        kill -s KILL $found 2>/dev/null
    done
}
"#;

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
    [ "$word" = watch ] && groups="$group $groups"
done
# The last started first, one after the other: a RabbitMQ that lives for a
# moment without its port mapper starts another one, outside every group.
for group in $groups; do
    kill -s KILL -- "-$group" 2>/dev/null && sleep 0.2
    end_session "$group"
done
# A PostgreSQL that was killed leaves a shared memory segment, and its number here.
for lock in "$directory"/*/data/postmaster.pid; do
    [ -f "$lock" ] && ipcrm -m "$(sed -n 7p "$lock" | tr -s ' ' | cut -d' ' -f3)" 2>/dev/null
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
    let path = guardian().directory.join(format!("{name}-{}", random()));
    std::fs::create_dir(&path).expect("create a directory for the test run");
    path
}

/// The folder of the whole run.
pub fn scratch() -> &'static Path {
    &guardian().directory
}

/// Starts `command` in a process group of its own that ends with this process.
pub fn spawn(command: &mut Command) -> std::io::Result<Child> {
    let guardian = guardian();
    let child = command.process_group(0).spawn()?;
    guardian.tell("watch", child.id());
    Ok(child)
}

/// Starts a command that begins with `setsid`: for a program that gives its
/// children process groups of their own. The session ends with this process.
pub fn spawn_session(command: &mut Command) -> std::io::Result<Child> {
    let guardian = guardian();
    // setsid keeps the number of who leads no group yet.
    let child = command.spawn()?;
    guardian.tell("watch", child.id());
    Ok(child)
}

/// Ends everything in a session with `kill -9`.
pub fn end_session(leader: u32) {
    let script = format!("{END_SESSION}\nend_session {leader}");
    let done = Command::new("sh").args(["-c", &script]).status();
    assert!(done.is_ok(), "the shell works");
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
            .args(["-c", &format!("{END_SESSION}{SCRIPT}"), "guardian"])
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
    let path = parent.join(format!("warren-tests-{}", random()));
    std::fs::create_dir(&path).expect("create the run's directory");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o711)).expect("open the directory");
    path
}

/// Short: the path of a Unix socket has at most 107 bytes.
fn random() -> String {
    uuid::Uuid::new_v4().simple().to_string()[..12].to_owned()
}

impl Guardian {
    fn tell(&self, word: &str, group: u32) {
        let mut pipe = self.pipe.lock().unwrap();
        // After the run's end the guardian has seen to everything.
        if let Some(pipe) = pipe.as_mut() {
            writeln!(pipe, "{word} {group}").expect("tell the guardian");
        }
    }
}
