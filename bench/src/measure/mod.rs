//! What is measured, and how.

mod latency;
mod process;

pub(crate) use latency::{Latency, Summary};
pub(crate) use process::{Processes, resident_bytes};

/// The middle one of some figures.
///
/// # Panics
/// If there is none.
pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}
