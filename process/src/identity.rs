//! What a process is called.

/// `host/process id`, at most 128 characters: for people who look at the tables
/// of live processes.
#[must_use]
pub fn process_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}/{}", host.trim(), std::process::id()).chars().take(128).collect()
}
