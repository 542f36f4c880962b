//! Results as lines and tables.

use std::fmt::Write as _;

use super::{Bare, Bound, FanOut, Figure, Judged, Results};
use crate::measure::median;

pub(super) fn ratio(judged: &Judged) -> String {
    let Judged { ratio, median: middle, verdict } = judged;
    format!(
        "{}: {middle:.2} × {} ({}; {:.1} {unit} to {:.1} {unit}): {verdict}",
        ratio.work,
        ratio.against,
        bound(ratio.bound),
        median(&ratio.warren),
        median(&ratio.limit),
        unit = ratio.unit,
    )
}

pub(super) fn figure(figure: &Figure) -> String {
    format!(
        "{}, {}: {:.0} messages/s, {:.0} µs of CPU each, p50 {:.1} ms, p99 {:.1} ms",
        figure.work,
        figure.what,
        figure.per_second,
        figure.cpu_us,
        figure.latency.p50_ms,
        figure.latency.p99_ms
    )
}

pub(super) fn fan_out(fan_out: &FanOut) -> String {
    let FanOut { sockets, lost, latency } = fan_out;
    format!(
        "fan-out to {sockets} sockets: {} deliveries, {lost} lost, p50 {:.1} ms, p99 {:.1} ms",
        latency.count, latency.p50_ms, latency.p99_ms
    )
}

pub(super) fn bare(bare: &Bare) -> String {
    format!("bare {}: {:.0} {}", bare.what, bare.rate, bare.unit)
}

/// All of it in Markdown.
pub(super) fn all(results: &Results) -> String {
    let mut text = format!("Measured on {}, {}.\n", results.at, results.machine);
    text.push_str(
        "\n| work | Warren | limit | ratio | reach, aim | |\n|---|---|---|---|---|---|\n",
    );
    for Judged { ratio, median: middle, verdict } in &results.ratios {
        let (warren, limit, unit) = (median(&ratio.warren), median(&ratio.limit), &ratio.unit);
        let (work, against, bound) = (&ratio.work, &ratio.against, bound(ratio.bound));
        let _ = writeln!(
            text,
            "| {work} | {warren:.1} {unit} | {limit:.1} {unit}: {against} | {middle:.2} | {bound} | {verdict} |"
        );
    }
    text.push_str("\n| durable sends | messages/s | CPU of Warren each | p50 | p99 | longest |\n|---|---|---|---|---|---|\n");
    for Figure { work, what, per_second, cpu_us, latency } in &results.sends {
        let _ = writeln!(
            text,
            "| {work}, {what} | {per_second:.0} | {cpu_us:.0} µs | {:.1} ms | {:.1} ms | {:.1} ms |",
            latency.p50_ms, latency.p99_ms, latency.max_ms
        );
    }
    text.push_str(
        "\n| fan-out | deliveries | lost | p50 | p99 | longest |\n|---|---|---|---|---|---|\n",
    );
    for FanOut { sockets, lost, latency } in &results.fan_outs {
        let _ = writeln!(
            text,
            "| to {sockets} sockets | {} | {lost} | {:.1} ms | {:.1} ms | {:.1} ms |",
            latency.count, latency.p50_ms, latency.p99_ms, latency.max_ms
        );
    }
    text.push_str("\n| bare | |\n|---|---|\n");
    for Bare { what, rate, unit } in &results.bare {
        let _ = writeln!(text, "| {what} | {rate:.0} {unit} |");
    }
    text
}

fn bound(bound: Bound) -> String {
    match bound {
        Bound::AtLeast { reach, aim } => format!("≥ {reach}, {aim}"),
        Bound::AtMost { reach, aim } => format!("≤ {reach}, {aim}"),
    }
}
