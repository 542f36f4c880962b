//! Which account a server runs under.

use std::path::Path;
use std::process::Command;

/// `program` as a command of the account `user`. PostgreSQL refuses to run as
/// root, and RabbitMQ has no reason to; whoever is not root stays who they are.
pub(super) fn command(user: &str, program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", user, "--clear-groups", "--"]).arg(program);
    command
}

/// Gives `path` to the account that [`command`] would use.
pub(super) fn give(user: &str, path: &Path) {
    if is_root() {
        let given = Command::new("chown").arg("-R").arg(format!("{user}:")).arg(path).status();
        assert!(given.is_ok_and(|status| status.success()), "chown {user} {}", path.display());
    }
}

fn is_root() -> bool {
    let answer = Command::new("id").arg("-u").output().expect("run id");
    answer.stdout.trim_ascii() == b"0"
}
