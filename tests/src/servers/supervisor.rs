//! supervisord as Warren's repository configures it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use super::nginx::{Nginx, change, copy, repository};
use super::port;
use crate::guardian;
use crate::program::{Program, forget_settings, warren_program};
use crate::wait::eventually;

/// As many as supervisor/warren.conf starts.
const API_PROCESSES: u16 = 2;
const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(60);

/// A folder with everything that an operator installs.
pub struct Installation {
    home: PathBuf,
    hundred: u16,
    nginx: Nginx,
}

/// A running supervisord with all its processes.
pub struct Supervisor {
    pub installation: Installation,
    pub program: Program,
}

impl Installation {
    /// `settings` is what stands in warren.toml.
    pub fn new(settings: &str) -> Self {
        let home = guardian::directory("site");
        let hundred = port::free_hundred(API_PROCESSES);
        let nginx = Nginx::default();
        nginx.install(&home, hundred);
        let installation = Self { home, hundred, nginx };
        std::fs::write(installation.settings(), settings).expect("write warren.toml");
        installation.install_supervisor();
        installation
    }

    /// Where people reach it.
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.nginx.port)
    }

    /// Where each API process listens.
    pub fn apis(&self) -> Vec<String> {
        let ports = (1..=API_PROCESSES).map(|number| self.hundred * 100 + number);
        ports.map(|port| format!("http://127.0.0.1:{port}")).collect()
    }

    /// The path of warren.toml.
    pub fn settings(&self) -> PathBuf {
        self.home.join("warren.toml")
    }

    /// One of the repository's scripts in `supervisor/`, with this supervisorctl's options.
    pub fn script(&self, name: &str) -> Command {
        let mut command = Command::new(repository().join("supervisor").join(name));
        command.arg("-c").arg(self.configuration());
        command
    }

    fn configuration(&self) -> PathBuf {
        self.home.join("supervisor/supervisord.conf")
    }

    fn install_supervisor(&self) {
        let (home, folder) = (self.home.to_str().expect("a path"), self.home.join("supervisor"));
        copy(&repository().join("supervisor"), &folder);
        let programs = warren_program("warren-api");
        let programs = programs.parent().and_then(Path::to_str).expect("a folder");
        change(
            &folder.join("warren.conf"),
            &[
                ("/opt/warren/bin", programs),
                ("/etc/warren", home),
                ("/var/lib/warren", &format!("{home}/var")),
                ("127.0.0.1:81", &format!("127.0.0.1:{}", self.hundred)),
                ("user=warren\n", ""),
            ],
        );
        change(
            &folder.join("supervisord.conf"),
            &[
                ("=/run/", &format!("={home}/")),
                ("//run/", &format!("/{home}/")),
                ("user=root\n", ""),
            ],
        );
    }
}

impl Supervisor {
    /// Starts it and waits until it says that everything runs.
    pub async fn start(installation: Installation) -> Self {
        let mut command = Command::new("setsid");
        command.args(["supervisord", "-c"]).arg(installation.configuration());
        forget_settings(&mut command);
        let program = Program::start_session("supervisord", command);
        let supervisor = Self { installation, program };
        eventually("every process runs", START, async || {
            if supervisor.program.exit_status().is_some() {
                supervisor.program.print_log();
                panic!("supervisord ended");
            }
            let states = supervisor.states();
            let running = states.iter().all(|(_, state)| state == "RUNNING");
            (!states.is_empty() && running).then_some(())
        })
        .await;
        supervisor
    }

    /// `supervisorctl` with these arguments.
    pub fn control(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("supervisorctl");
        command.arg("-c").arg(self.installation.configuration()).args(arguments);
        command.output().expect("run supervisorctl")
    }

    /// The processes of the group with their states.
    pub fn states(&self) -> Vec<(String, String)> {
        let said = self.control(&["status", "warren:*"]).stdout;
        let said = String::from_utf8_lossy(&said);
        let state = |line: &str| {
            let mut words = line.split_whitespace();
            Some((words.next()?.strip_prefix("warren:")?.to_owned(), words.next()?.to_owned()))
        };
        said.lines().filter_map(state).collect()
    }

    /// The number of a process; none while it does not run.
    pub fn process_id(&self, name: &str) -> Option<u32> {
        let said = self.control(&["pid", &format!("warren:{name}")]).stdout;
        let said = String::from_utf8_lossy(&said);
        said.trim().parse().ok().filter(|id| *id != 0)
    }

    /// Ends everything in its orderly way.
    pub fn stop(&self) {
        if self.program.exit_status().is_none() {
            self.program.terminate(STOP);
        }
    }
}

impl Drop for Supervisor {
    /// Its children do not end with it.
    fn drop(&mut self) {
        self.program.kill();
        guardian::end_session(self.program.id());
    }
}
