//! Running programs: Warren's own and the servers that it needs.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::guardian;
use crate::wait::{eventually, eventually_blocking};

const LISTENING: &str = "Warren is listening on ";
const PRINTED_LINES: usize = 120;

type Spawn = fn(&mut Command) -> std::io::Result<Child>;

/// A running program. Dropping it ends it with `kill -9`.
pub struct Program {
    name: String,
    child: Mutex<Child>,
    id: u32,
    log: Arc<Mutex<Vec<String>>>,
}

/// What can be sent to a program.
#[derive(Clone, Copy, Debug)]
pub enum Signal {
    Terminate,
    Interrupt,
    Kill,
    Stop,
    Continue,
}

/// The path of one of Warren's programs.
pub fn warren_program(name: &str) -> PathBuf {
    let path = profile_folder().join(name);
    assert!(path.exists(), "{} is missing: cargo build --workspace --bins", path.display());
    path
}

/// The folder of everything that is built.
pub fn target_folder() -> PathBuf {
    profile_folder().parent().expect("a target folder").to_owned()
}

/// The folder of what was built in the same profile as this program, which is in it, or in
/// its `deps` if it is a test.
fn profile_folder() -> PathBuf {
    let program = std::env::current_exe().expect("know this program's path");
    let folder = program.parent().expect("a folder");
    let is_test = folder.ends_with("deps");
    if is_test { folder.parent().expect("a folder") } else { folder }.to_owned()
}

/// Something that `make test` installs into the folder of everything that is built.
pub fn tool(name: &str) -> PathBuf {
    let path = target_folder().join(name);
    assert!(path.exists(), "{} is missing: run make test once, it installs it", path.display());
    path
}

/// A command with none of Warren's settings in its environment but `settings`, in a
/// folder where it may leave something.
pub fn warren_command(name: &str, arguments: &[&str], settings: &[(String, String)]) -> Command {
    let mut command = Command::new(warren_program(name));
    forget_settings(&mut command);
    command.args(arguments).current_dir(guardian::scratch());
    command.envs(settings.iter().map(|(key, value)| (key, value)));
    command
}

/// The command behind further words, which become it in the end.
pub fn wrap(words: &[String], command: Command) -> Command {
    let Some((first, rest)) = words.split_first() else { return command };
    let mut wrapped = Command::new(first);
    wrapped.args(rest).arg(command.get_program()).args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(key, value),
            None => wrapped.env_remove(key),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        wrapped.current_dir(folder);
    }
    wrapped
}

/// Takes Warren's settings out of a command's environment.
pub fn forget_settings(command: &mut Command) {
    for (key, _) in std::env::vars() {
        if key.starts_with("WARREN_") || key == "DATABASE_URL" || key == "PORT" {
            command.env_remove(key);
        }
    }
}

impl Program {
    /// Starts `command`; `name` is how its log is told from others'.
    pub fn start(name: &str, command: Command) -> Self {
        Self::start_by(name, command, guardian::spawn)
    }

    /// Starts a command that begins with `setsid`. Its session's other processes
    /// end with the test run.
    pub fn start_session(name: &str, command: Command) -> Self {
        Self::start_by(name, command, guardian::spawn_session)
    }

    fn start_by(name: &str, mut command: Command, spawn: Spawn) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = spawn(&mut command)
            .unwrap_or_else(|error| panic!("start {name} ({command:?}): {error}"));
        let log = Arc::new(Mutex::new(Vec::new()));
        record(child.stdout.take().expect("a piped stdout"), "", &log);
        record(child.stderr.take().expect("a piped stderr"), "! ", &log);
        Self { name: name.to_owned(), id: child.id(), child: Mutex::new(child), log }
    }

    /// The process id, which is also its group's.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The address that it says it serves.
    pub async fn listening(&self, within: Duration) -> String {
        eventually(&format!("{} listens", self.name), within, async || {
            let announced = self.line_with(LISTENING);
            if announced.is_none() && self.exit_status().is_some() {
                self.print_log();
                panic!("{} ended before it listened", self.name);
            }
            announced?.split(LISTENING).nth(1).map(|url| url.trim().to_owned())
        })
        .await
    }

    /// The first line of its output with `text` in it.
    pub fn line_with(&self, text: &str) -> Option<String> {
        self.log.lock().unwrap().iter().find(|line| line.contains(text)).cloned()
    }

    /// How many lines of its output have `text` in them.
    pub fn count_lines_with(&self, text: &str) -> usize {
        self.log.lock().unwrap().iter().filter(|line| line.contains(text)).count()
    }

    /// Everything that it wrote so far; standard error's lines begin with `! `.
    pub fn output(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Sends a signal to the program and whatever it started.
    pub fn signal(&self, signal: Signal) {
        let group = format!("-{}", self.id);
        let sent = Command::new("kill").args(["-s", signal.name(), "--", &group]).output();
        assert!(sent.is_ok(), "the kill command works");
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(&self) {
        if self.exit_status().is_some() {
            return;
        }
        self.signal(Signal::Kill);
        self.wait_exit(Duration::from_secs(10));
    }

    /// Ends it in its own orderly way.
    pub fn terminate(&self, within: Duration) -> ExitStatus {
        self.signal(Signal::Terminate);
        self.wait_exit(within)
    }

    /// Waits for its end.
    pub fn wait_exit(&self, within: Duration) -> ExitStatus {
        eventually_blocking(&format!("{} ends", self.name), within, || self.exit_status())
    }

    /// How it ended, if it did.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.child.lock().unwrap().try_wait().expect("ask for the exit status")
    }

    /// Its resident memory in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.id);
        let status = std::fs::read_to_string(path).expect("the program runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next());
        kibibytes.and_then(|number| number.parse::<u64>().ok()).expect("a size in kB") * 1024
    }

    /// Prints the end of its log.
    pub fn print_log(&self) {
        let log = self.log.lock().unwrap();
        let first = log.len().saturating_sub(PRINTED_LINES);
        eprintln!("--- {} ({} lines, the last {PRINTED_LINES}) ---", self.name, log.len());
        for line in log.iter().skip(first) {
            eprintln!("{line}");
        }
    }
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Terminate => "TERM",
            Self::Interrupt => "INT",
            Self::Kill => "KILL",
            Self::Stop => "STOP",
            Self::Continue => "CONT",
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.exit_status().is_none() {
            self.signal(Signal::Kill);
            let _ = self.child.lock().unwrap().wait();
        }
        guardian::forget(self.id);
        if std::thread::panicking() {
            self.print_log();
        }
    }
}

fn record(output: impl Read + Send + 'static, prefix: &'static str, log: &Arc<Mutex<Vec<String>>>) {
    let log = Arc::clone(log);
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            log.lock().unwrap().push(format!("{prefix}{line}"));
        }
    });
}
