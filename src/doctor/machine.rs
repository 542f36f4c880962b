//! What the machine has to give.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use warren_process::data_directory::DataDirectoryError;
use warren_process::{Configuration, DataDirectory, resources};

use super::{Report, reason};

/// Each socket takes one, and so does each connection to the database.
const FEW_OPEN_FILES: u64 = 4096;

/// How long whoever has the address may take to say who they are.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) fn check(configuration: &Configuration, report: &mut Report) {
    check_data_directory(&configuration.data_dir, report);
    check_disk(&configuration.data_dir, report);
    check_open_files(report);
    check_address(configuration.listen, report);
}

fn check_data_directory(path: &Path, report: &mut Report) {
    const WHAT: &str = "data directory";
    let shown = path.display();
    if !path.exists() {
        return report.ok(WHAT, format!("{shown} is made by the first process that needs it"));
    }
    match DataDirectory::open(path) {
        Ok(_) => report.ok(WHAT, format!("{shown} can be written, and nobody uses it")),
        Err(DataDirectoryError::InUse(_)) => report.ok(WHAT, format!("a server uses {shown} now")),
        Err(error) => report.fail(WHAT, format!("{}; make it the server's own", reason(error))),
    }
}

fn check_disk(path: &Path, report: &Report) {
    const WHAT: &str = "disk";
    let Some(disk) = path.ancestors().find_map(resources::disk_space) else { return };
    let left = format!("{} MiB left", disk.free_bytes >> 20);
    match disk.is_short() {
        true => report.warn(WHAT, format!("{left}; make room before it is full")),
        false => report.ok(WHAT, left),
    }
}

fn check_open_files(report: &Report) {
    const WHAT: &str = "open files";
    match resources::open_files_limit() {
        None => report.ok(WHAT, "as many as there may be"),
        Some(limit @ ..FEW_OPEN_FILES) => report.warn(
            WHAT,
            format!(
                "{limit} at most, and each socket takes one; \
                 raise LimitNOFILE (systemd), minfds (supervisor) or ulimit -n"
            ),
        ),
        Some(limit) => report.ok(WHAT, format!("{limit} at most")),
    }
}

fn check_address(address: SocketAddr, report: &mut Report) {
    const WHAT: &str = "address";
    match TcpListener::bind(address) {
        Ok(_) => report.ok(WHAT, format!("{address} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => match is_warren(address) {
            Ok(true) => report.ok(WHAT, format!("Warren answers at {address}")),
            Ok(false) | Err(_) => {
                let other = "another program has it; stop that or choose another WARREN_LISTEN";
                report.fail(WHAT, format!("{address}: {other}"));
            }
        },
        Err(error) => {
            let choose = "choose another WARREN_LISTEN";
            report.fail(WHAT, format!("{address}: {}; {choose}", reason(error)));
        }
    }
}

/// Whether what listens there says that it lives as Warren does.
fn is_warren(address: SocketAddr) -> io::Result<bool> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_TIMEOUT)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(4096).read_to_string(&mut answer)?;
    Ok(answer.starts_with("HTTP/1.1 200") && answer.contains(r#"{"status":"ok"}"#))
}
