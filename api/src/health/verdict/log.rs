//! The message log's part of the verdict.

use chrono::{DateTime, Utc};
use warren_domain::port::{Backlog, Taken};
use warren_domain::status::WorkerProcess;

use super::Verdict;
use crate::health::Watching;
use crate::health::report::{HealthStatus, LogHealth, PartitionHealth};
use crate::health::survey::Survey;

/// A send that takes so long to become a message is one that somebody waits for.
const LONGEST_LAG_S: f64 = 10.0;

/// A partition refuses sends at a million.
const MOST_WAITING: u64 = 100_000;

pub(super) fn judge(watching: &Watching, survey: &Survey) -> (LogHealth, Verdict) {
    let mut verdict = Verdict::ok();
    if let Err(error) = &survey.log {
        let refused = format!("The message log takes no sends: {}.", error.reason);
        verdict.worsen(HealthStatus::Down, refused);
    }
    let (mut partitions, mut answered_ms) = (Vec::new(), None);
    match &survey.backlog {
        Ok(asked) => {
            answered_ms = Some(asked.elapsed_ms);
            for backlog in &asked.answer {
                partitions.push(judge_partition(watching, survey, backlog, &mut verdict));
            }
        }
        Err(error) => {
            let silent = format!("The message log does not tell what waits: {}.", error.reason);
            verdict.worsen(HealthStatus::Degraded, silent);
        }
    }
    if let Ok(count @ 1..) = survey.dead_letters {
        let waiting = format!("{count} dead letters wait for a person.");
        verdict.worsen(HealthStatus::Degraded, waiting);
    }
    let health = LogHealth {
        status: verdict.status,
        strategy: survey.log_strategy.to_owned(),
        answered_ms,
        partitions,
        dead_letters: survey.dead_letters.as_ref().ok().copied(),
    };
    (health, verdict)
}

fn judge_partition(
    watching: &Watching,
    survey: &Survey,
    backlog: &Backlog,
    of_log: &mut Verdict,
) -> PartitionHealth {
    let Backlog { partition, waiting, consumers, .. } = *backlog;
    let (taken, held_by) = match backlog.taken {
        Some(taken) => (taken, Some(watching.registry.name().to_owned())),
        None => held(&survey.workers, partition),
    };
    let lag_s = lag_s(taken, survey.at);
    let mut verdict = Verdict::ok();
    let mut degrade = |reason: String| verdict.worsen(HealthStatus::Degraded, reason);
    if consumers == 0 {
        degrade(format!("No worker consumes partition {partition}: what is sent there waits."));
    } else if waiting > 0 && held_by.is_none() {
        degrade(format!(
            "{waiting} sends wait in partition {partition}, and no worker takes them."
        ));
    }
    if lag_s > LONGEST_LAG_S {
        degrade(format!("Partition {partition} is {lag_s:.0} s behind."));
    }
    if waiting > MOST_WAITING {
        degrade(format!("{waiting} sends wait in partition {partition}."));
    }
    of_log.status = of_log.status.max(verdict.status);
    of_log.reasons.extend(verdict.reasons);
    let unsettled = taken.count;
    let status = verdict.status;
    PartitionHealth { partition, status, waiting, unsettled, lag_s, consumers, held_by }
}

/// What the live worker that holds a partition has taken from it: the one that
/// was seen last, since a partition may just change hands.
fn held(workers: &[WorkerProcess], partition: u32) -> (Taken, Option<String>) {
    let holders = workers.iter().filter(|worker| worker.alive).filter_map(|worker| {
        let holding = worker.holdings.iter().find(|holding| holding.partition == partition)?;
        Some((worker, holding))
    });
    match holders.max_by_key(|(worker, _)| worker.seen_at) {
        Some((worker, holding)) => (holding.taken(), Some(worker.name.clone())),
        None => (Taken::default(), None),
    }
}

fn lag_s(taken: Taken, now: DateTime<Utc>) -> f64 {
    let age = taken.oldest_at.map_or(0, |oldest| (now - oldest).num_milliseconds());
    age.max(0) as f64 / 1_000.0
}
