//! What came out: on the terminal, as JSON, as a table, as curves.

mod curve;
mod table;

use std::fs;
use std::path::Path;

use serde::Serialize;

pub(crate) use curve::{Curve, Series};

use crate::measure::{Summary, median};

/// Everything that was measured in one run.
#[derive(Debug, Serialize)]
pub(crate) struct Results {
    /// When, and on what.
    at: String,
    machine: String,
    ratios: Vec<Judged>,
    sends: Vec<Figure>,
    fan_outs: Vec<FanOut>,
    bare: Vec<Bare>,
    #[serde(skip)]
    curves: Vec<Curve>,
}

/// Warren beside a limit, round by round.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ratio {
    pub(crate) work: String,
    pub(crate) against: String,
    pub(crate) unit: String,
    pub(crate) warren: Vec<f64>,
    pub(crate) limit: Vec<f64>,
    pub(crate) bound: Bound,
}

/// What is to be reached.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    /// The more the better.
    AtLeast { reach: f64, aim: f64 },
    /// The less the better.
    AtMost { reach: f64, aim: f64 },
}

/// A ratio and whether it holds.
#[derive(Clone, Debug, Serialize)]
struct Judged {
    #[serde(flatten)]
    ratio: Ratio,
    /// The median of the rounds' ratios.
    median: f64,
    verdict: &'static str,
}

/// Durable sends through one door.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) work: String,
    pub(crate) what: String,
    pub(crate) per_second: f64,
    /// Of Warren's processes, for each message.
    pub(crate) cpu_us: f64,
    pub(crate) latency: Summary,
}

/// One message to many.
#[derive(Clone, Debug, Serialize)]
struct FanOut {
    sockets: usize,
    lost: u64,
    latency: Summary,
}

/// What a part does alone.
#[derive(Clone, Debug, Serialize)]
struct Bare {
    what: String,
    rate: f64,
    unit: String,
}

impl Results {
    pub(crate) fn begin() -> Self {
        Self {
            at: chrono::Utc::now().format("%Y-%m-%d").to_string(),
            machine: machine(),
            ratios: Vec::new(),
            sends: Vec::new(),
            fan_outs: Vec::new(),
            bare: Vec::new(),
            curves: Vec::new(),
        }
    }

    pub(crate) fn ratio(&mut self, ratio: Ratio) {
        let each = ratio.warren.iter().zip(&ratio.limit).map(|(warren, limit)| warren / limit);
        let median = median(&each.collect::<Vec<f64>>());
        let judged = Judged { verdict: ratio.bound.verdict(median), median, ratio };
        println!("{}", table::ratio(&judged));
        self.ratios.push(judged);
    }

    pub(crate) fn figure(&mut self, figure: Figure) {
        println!("{}", table::figure(&figure));
        self.sends.push(figure);
    }

    pub(crate) fn fan_out(&mut self, sockets: usize, lost: u64, latency: Summary) {
        let fan_out = FanOut { sockets, lost, latency };
        println!("{}", table::fan_out(&fan_out));
        self.fan_outs.push(fan_out);
    }

    pub(crate) fn bare(&mut self, what: &str, rate: f64, unit: &str) {
        let bare = Bare { what: what.to_owned(), rate, unit: unit.to_owned() };
        println!("{}", table::bare(&bare));
        self.bare.push(bare);
    }

    pub(crate) fn curve(&mut self, curve: Curve) {
        self.curves.push(curve);
    }

    /// Writes results.json, results.md and the curves.
    pub(crate) fn write(&self, folder: &Path) {
        fs::create_dir_all(folder).expect("make the folder");
        let json = serde_json::to_string_pretty(self).expect("JSON");
        fs::write(folder.join("results.json"), json + "\n").expect("write results.json");
        fs::write(folder.join("results.md"), table::all(self)).expect("write results.md");
        for curve in &self.curves {
            curve.draw(folder);
        }
        println!("Written to {}.", folder.display());
    }
}

impl Bound {
    fn verdict(self, ratio: f64) -> &'static str {
        let (is_reached, is_aim_reached) = match self {
            Self::AtLeast { reach, aim } => (ratio >= reach, ratio >= aim),
            Self::AtMost { reach, aim } => (ratio <= reach, ratio <= aim),
        };
        match (is_reached, is_aim_reached) {
            (_, true) => "aim reached",
            (true, false) => "reached",
            (false, false) => "not reached",
        }
    }
}

/// The processor's name and how many there are.
fn machine() -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let names = processors.lines().filter_map(|line| line.strip_prefix("model name"));
    let names: Vec<&str> = names.map(|name| name.trim_start_matches(['\t', ' ', ':'])).collect();
    format!("{} × {}", names.len(), names.first().unwrap_or(&"unknown processor"))
}
