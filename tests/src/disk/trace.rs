//! Watching a program write and sync.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::shim;
use crate::guardian;
use crate::program::{Program, Signal};
use crate::wait::eventually;

/// How often strace may fail to attach.
const ATTEMPTS: usize = 5;
const ATTACHED: Duration = Duration::from_secs(30);

/// The calls that strace is to show.
const CALLS: &str = "trace=write,pwrite64,writev,pwritev,fsync,fdatasync";

/// How a program is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From outside.
    Strace,
    /// From inside.
    Shim,
}

/// A program that is watched.
pub struct Tracing {
    way: Way,
    folder: PathBuf,
    word: String,
    strace: Option<Program>,
}

/// Something that a program did to a file; times are in seconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub path: String,
    pub begun: f64,
    pub ended: f64,
    /// The word that was written; a sync has none.
    pub word: Option<String>,
}

impl Way {
    /// The ways that this machine allows.
    pub fn possible() -> Vec<Self> {
        let mut ways = vec![Self::Shim];
        if may_trace() {
            ways.insert(0, Self::Strace);
        }
        ways
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Strace => "strace",
            Self::Shim => "a preloaded library",
        }
    }
}

/// Whether strace is installed and may attach to a process that is not its child.
fn may_trace() -> bool {
    let mut sleeper = Command::new("sleep");
    sleeper.arg("60");
    let sleeper = Program::start("sleep", sleeper);
    let mut strace = Command::new("timeout");
    strace.args(["-s", "INT", "1", "strace", "-p", &sleeper.id().to_string()]);
    let said = strace.output().map(|done| String::from_utf8_lossy(&done.stderr).into_owned());
    said.is_ok_and(|said| said.contains("attached"))
}

impl Tracing {
    /// Prepares to watch for syncs, and writes of words that begin with `word`.
    pub fn new(way: Way, word: &str) -> Self {
        let folder = guardian::directory("trace");
        // Servers drop their privileges.
        let open = PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(&folder, open).expect("open the folder");
        Self { way, folder, word: word.to_owned(), strace: None }
    }

    /// What the program needs in its environment.
    pub fn environment(&self) -> Vec<(String, String)> {
        let text = |path: PathBuf| path.to_str().expect("a path").to_owned();
        match self.way {
            Way::Strace => Vec::new(),
            Way::Shim => vec![
                ("LD_PRELOAD".to_owned(), text(shim::library().to_owned())),
                ("DISK_TRACE".to_owned(), text(self.folder.join("trace"))),
                ("DISK_WORD".to_owned(), self.word.clone()),
            ],
        }
    }

    /// Begins to watch a program, with what it has started and will start.
    pub async fn attach(&mut self, process: u32) {
        if self.way == Way::Shim {
            return;
        }
        for _ in 0..ATTEMPTS {
            self.strace = self.try_attach(&with_children(process)).await;
            if self.strace.is_some() {
                return;
            }
        }
        panic!("strace did not attach: some child of {process} ended in each attempt");
    }

    /// A process that ends before strace has come to it makes strace end too.
    async fn try_attach(&self, processes: &[u32]) -> Option<Program> {
        let mut command = Command::new("strace");
        command.args(["-ff", "-ttt", "-T", "-y", "-s", "1000000", "-e", CALLS]);
        command.args(["-e", "signal=none", "-o"]).arg(self.folder.join("trace"));
        for process in processes {
            command.args(["-p", &process.to_string()]);
        }
        let strace = Program::start("strace", command);
        let attached = eventually("strace is attached", ATTACHED, async || {
            let attached =
                |process: &u32| strace.line_with(&format!("Process {process} attached")).is_some();
            let has_ended = strace.exit_status().is_some();
            (has_ended || processes.iter().all(attached)).then_some(!has_ended)
        })
        .await;
        attached.then_some(strace)
    }

    /// What was seen.
    pub fn finish(self) -> Vec<Entry> {
        if let Some(strace) = &self.strace {
            strace.signal(Signal::Interrupt);
            strace.wait_exit(ATTACHED);
        }
        let mut entries = Vec::new();
        for file in std::fs::read_dir(&self.folder).expect("read the folder") {
            let text = std::fs::read(file.expect("a file").path()).expect("read a trace");
            let text = String::from_utf8_lossy(&text);
            for line in text.lines() {
                match self.way {
                    Way::Strace => entries.extend(of_strace(line, &self.word)),
                    Way::Shim => entries.extend(of_shim(line)),
                }
            }
        }
        entries
    }
}

/// A process and those that it has started.
fn with_children(process: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").expect("read /proc").flatten();
    let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    processes.filter(|other| *other == process || parent_of(*other) == Some(process)).collect()
}

fn parent_of(process: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // After the name in parentheses: state, parent.
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

/// `W <begun> <ended> <word> <path>`, or `S` without a word.
fn of_shim(line: &str) -> Option<Entry> {
    let mut words = line.splitn(5, ' ');
    let kind = words.next()?;
    let (begun, ended) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let word = words.next().filter(|_| kind == "W").map(str::to_owned);
    Some(Entry { path: words.next()?.to_owned(), begun, ended, word })
}

/// `<begun> pwrite64(7</a/path>, "…", 4096, 0) = 4096 <0.000123>`; there is an entry
/// for each word. What failed, or was not seen to its end, counts as nothing.
fn of_strace(line: &str, word: &str) -> Vec<Entry> {
    let parse = || {
        let (begun, rest) = line.split_once(' ')?;
        let (call, result) = rest.rsplit_once(") = ")?;
        let took: f64 = result.rsplit_once('<')?.1.strip_suffix('>')?.parse().ok()?;
        let begun: f64 = begun.parse().ok()?;
        let (name, arguments) = call.split_once('(')?;
        let path = arguments.split_once('<')?.1.split_once('>')?.0.to_owned();
        let entry = |word| Entry { path: path.clone(), begun, ended: begun + took, word };
        if result.starts_with('-') {
            return None;
        }
        if name.contains("sync") {
            return Some(vec![entry(None)]);
        }
        Some(words(arguments, word).map(|word| entry(Some(word))).collect())
    };
    parse().unwrap_or_default()
}

fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = String> + 'a {
    text.match_indices(word).map(|(place, _)| {
        let rest = text[place..].chars();
        rest.take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_both_ways_tell_the_same() {
        let written = Entry {
            path: "/d/wal".to_owned(),
            begun: 10.5,
            ended: 10.75,
            word: Some("durable-1".to_owned()),
        };
        let line = r#"10.5 pwrite64(7</d/wal>, "\0x durable-1\0y", 12, 0) = 12 <0.25>"#;
        assert_eq!(of_strace(line, "durable-"), std::slice::from_ref(&written));
        assert_eq!(of_shim("W 10.5 10.75 durable-1 /d/wal"), Some(written.clone()));
        let synced = Entry { word: None, ..written };
        assert_eq!(
            of_strace("10.5 fdatasync(7</d/wal>) = 0 <0.25>", "durable-"),
            std::slice::from_ref(&synced)
        );
        assert_eq!(of_shim("S 10.5 10.75 - /d/wal"), Some(synced));
        let failed = "10.5 fsync(7</d/wal>) = -1 EIO (Input/output error) <0.25>";
        assert!(of_strace(failed, "durable-").is_empty());
    }
}
