//! What was promised and held under its fault: a line as soon as a test knows it,
//! and all lines once more, in order, at the end of the run.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;

/// The promises of docs/faults.md that a test here sets a fault against, by row.
const PROMISES: [(u32, &str); 22] = [
    (1, "what was accepted is never lost"),
    (2, "it is stored once"),
    (3, "nothing is accepted without a queue behind it"),
    (4, "poison is set aside"),
    (5, "a broker's outage is told honestly"),
    (6, "a database's outage loses nothing"),
    (7, "live delivery has no gap"),
    (8, "a slow reader harms itself only"),
    (9, "a channel has one order"),
    (12, "a commit is on disk"),
    (13, "revocation is prompt"),
    (14, "retrying is safe"),
    (16, "stopping is clean"),
    (17, "an upgrade is safe"),
    (18, "a full disk is told honestly"),
    (19, "state converges"),
    (20, "it carries its load"),
    (22, "a frozen worker blocks nobody"),
    (23, "a key outlives everything"),
    (24, "a rejection is final"),
    (26, "versions mix"),
    (27, "the number of partitions is safe"),
];

static HELD: Mutex<Vec<Held>> = Mutex::new(Vec::new());

/// One promise that held.
#[derive(Clone, Debug)]
struct Held {
    row: u32,
    statement: &'static str,
    on: String,
    figures: String,
}

impl Held {
    fn line(&self) -> String {
        let Self { row, statement, on, figures } = self;
        format!("promise {row:>2}, {statement} ({on}): {figures}")
    }
}

/// Says that a promise held, on which combination, and by which figures one may
/// believe it: `sent 5000, accepted 4990, stored 4990, gaps 0`. Call it when
/// everything was checked.
///
/// # Panics
/// If docs/faults.md has no such row.
pub fn held(row: u32, on: &str, figures: &str) {
    let promise = PROMISES.iter().find(|(number, _)| *number == row);
    let (_, statement) = promise.expect("a row of docs/faults.md");
    let held = Held { row, statement, on: on.to_owned(), figures: figures.to_owned() };
    println!("{}", held.line());
    HELD.lock().unwrap().push(held);
}

/// Prints every promise that held, in the order of their rows, and writes them as a
/// table to `promises.md` in the folder of what is built. Nothing if there is none.
pub fn report(folder: &Path) {
    let mut held = HELD.lock().unwrap().clone();
    if held.is_empty() {
        return;
    }
    held.sort_by(|one, other| (one.row, &one.on).cmp(&(other.row, &other.on)));
    let mut table = String::from("| # | promise | on | figures |\n|---|---|---|---|\n");
    println!("Promises that held under their faults:");
    for held in &held {
        println!("  {}", held.line());
        let Held { row, statement, on, figures } = held;
        let _ = writeln!(table, "| {row} | {statement} | {on} | {figures} |");
    }
    std::fs::write(folder.join("promises.md"), table).expect("write promises.md");
}
