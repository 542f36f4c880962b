//! What a process uses and what its disk has left, as Linux tells; elsewhere
//! nothing is known.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The room on the disk of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskSpace {
    /// What this process's user may still write.
    pub free_bytes: u64,
    /// The whole.
    pub size_bytes: u64,
}

/// A disk with less than this is filled before anybody comes.
const LEAST_FREE_BYTES: u64 = 1 << 30;

impl DiskSpace {
    /// Whether somebody has to make room: a tenth of it is left, or 1 GiB if
    /// that is less.
    #[must_use]
    pub fn is_short(self) -> bool {
        self.free_bytes < LEAST_FREE_BYTES.min(self.size_bytes / 10)
    }
}

/// The room on the disk that holds `path`; `None` if there is no such path.
#[must_use]
pub fn disk_space(path: &Path) -> Option<DiskSpace> {
    let disk = rustix::fs::statvfs(path).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
    Some(DiskSpace { free_bytes: bytes(disk.f_bavail), size_bytes: bytes(disk.f_blocks) })
}

/// The resident memory of this process, in bytes.
#[must_use]
pub fn resident_bytes() -> Option<u64> {
    let pages = number_at(&fs::read_to_string("/proc/self/statm").ok()?, 1)?;
    let page_size_bytes = u64::try_from(rustix::param::page_size()).ok()?;
    Some(pages.saturating_mul(page_size_bytes))
}

/// How long this process has computed, in user and kernel mode together.
#[must_use]
pub fn processor_time() -> Option<Duration> {
    let stat = statistics()?;
    // proc(5) counts from 1: utime is field 14 and stime field 15.
    let ticks = number_at(&stat, 11)?.saturating_add(number_at(&stat, 12)?);
    Some(Duration::from_secs_f64(ticks as f64 / ticks_per_second()))
}

/// When this process was started.
#[must_use]
pub fn started_at() -> Option<SystemTime> {
    let since_boot = number_at(&statistics()?, 19)? as f64 / ticks_per_second();
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let uptime: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    let age = Duration::try_from_secs_f64(uptime - since_boot).ok()?;
    SystemTime::now().checked_sub(age).filter(|start| *start > UNIX_EPOCH)
}

/// How many files, sockets and the like this process has open.
#[must_use]
pub fn open_files() -> Option<u64> {
    let count = fs::read_dir("/proc/self/fd").ok()?.count();
    u64::try_from(count).ok()
}

/// How many it may have open; `None` if nothing limits them.
#[must_use]
pub fn open_files_limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// `/proc/self/stat` after the program's name, which may hold spaces: from
/// field 3 on.
fn statistics() -> Option<String> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    stat.rsplit_once(')').map(|(_, fields)| fields.to_owned())
}

fn number_at(fields: &str, index: usize) -> Option<u64> {
    fields.split_whitespace().nth(index)?.parse().ok()
}

fn ticks_per_second() -> f64 {
    rustix::param::clock_ticks_per_second() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process_knows_what_it_uses() {
        let resident = resident_bytes().unwrap();
        assert!((100_000..100_000_000_000).contains(&resident), "{resident}");
        assert!(open_files().unwrap() >= 3);
        let age = SystemTime::now().duration_since(started_at().unwrap()).unwrap();
        assert!(age < Duration::from_secs(24 * 3600), "{age:?}");
    }

    #[test]
    fn processor_time_grows_with_work() {
        let before = processor_time().unwrap();
        let begun = std::time::Instant::now();
        let mut sum = 0_u64;
        while processor_time().unwrap() == before {
            sum = sum.wrapping_add(std::hint::black_box(1));
            assert!(begun.elapsed() < Duration::from_secs(30), "it stood still, at {sum}");
        }
    }

    #[test]
    fn disk_has_room_and_what_is_absent_has_no_disk() {
        let disk = disk_space(Path::new("/")).unwrap();
        assert!(disk.size_bytes > 0 && disk.free_bytes <= disk.size_bytes);
        assert_eq!(disk_space(Path::new("/nonexistent/at/all")), None);
    }
}
