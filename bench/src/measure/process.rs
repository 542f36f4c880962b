//! What processes use, as the kernel counts it (proc(5)).

use std::collections::HashSet;
use std::fs;
use std::time::Duration;

/// The kernel's unit of CPU time, which Linux shows as hundredths of a second on
/// every machine (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// Processes together with all that they started.
#[derive(Clone, Debug)]
pub(crate) struct Processes {
    roots: Vec<u32>,
}

struct Stat {
    id: u32,
    parent: u32,
    ticks: u64,
}

impl Processes {
    pub(crate) fn new(roots: impl IntoIterator<Item = u32>) -> Self {
        Self { roots: roots.into_iter().collect() }
    }

    /// User and system time since they began, of those that ended too.
    pub(crate) fn cpu_time(&self) -> Duration {
        let all = all();
        let mut family: HashSet<u32> = self.roots.iter().copied().collect();
        loop {
            let before = family.len();
            let children = all.iter().filter(|stat| family.contains(&stat.parent));
            let children: Vec<u32> = children.map(|stat| stat.id).collect();
            family.extend(children);
            if family.len() == before {
                break;
            }
        }
        let ticks: u64 =
            all.iter().filter(|stat| family.contains(&stat.id)).map(|stat| stat.ticks).sum();
        TICK * u32::try_from(ticks).expect("fewer than 2^32 ticks")
    }
}

/// A process's resident memory.
pub(crate) fn resident_bytes(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()).expect("a size");
    kibibytes.parse::<u64>().expect("a number of KiB") * 1024
}

fn all() -> Vec<Stat> {
    let entries = fs::read_dir("/proc").expect("a /proc").flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter_map(stat).collect()
}

/// `None` if it ended meanwhile.
fn stat(id: u32) -> Option<Stat> {
    let line = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    let fields: Vec<&str> = line.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    let parent = u32::try_from(number(1)?).ok()?;
    // Its own time and that of the children it waited for.
    let ticks = [11, 12, 13, 14].into_iter().filter_map(number).sum();
    Some(Stat { id, parent, ticks })
}
