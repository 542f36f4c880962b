//! Sharing the partitions: who holds more than a fair share gives one away.
//!
//! The log always has an owner for every partition, so workers that disagree
//! about who lives can at worst hand partitions around.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use warren_domain::WorkerRegistry;

use crate::holdings::Holdings;

/// How often a worker says that it lives, and gives away one partition at most.
const INTERVAL: Duration = Duration::from_secs(1);

/// Reports and shares until `stop`.
pub(crate) async fn run(
    registry: WorkerRegistry,
    holdings: Arc<Holdings>,
    partitions: u32,
    stop: CancellationToken,
) {
    stop.run_until_cancelled(share(&registry, &holdings, partitions)).await;
    if !matches!(timeout(INTERVAL, registry.leave()).await, Ok(Ok(()))) {
        tracing::debug!("this worker stays listed until its entry expires");
    }
}

async fn share(registry: &WorkerRegistry, holdings: &Holdings, partitions: u32) {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let held = holdings.list();
        match registry.report(&held).await {
            Ok(counts) if has_too_many(held.len(), &counts, partitions) => holdings.yield_one(),
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "this worker could not say that it lives"),
        }
    }
}

/// Whether a worker with `mine` partitions should give one away, given how many
/// each live worker holds (itself included): if it has more than the largest
/// fair share, or has the largest while somebody lacks even the smallest.
fn has_too_many(mine: usize, counts: &[i64], partitions: u32) -> bool {
    let (Ok(mine), Ok(workers)) = (u32::try_from(mine), u32::try_from(counts.len())) else {
        return false;
    };
    if workers < 2 {
        return false;
    }
    let (least, most) = (partitions / workers, partitions.div_ceil(workers));
    let somebody_lacks = counts.iter().any(|count| *count < i64::from(least));
    mine > most || (mine == most && most > least && somebody_lacks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_more_than_a_fair_share_is_given_away() {
        assert!(!has_too_many(4, &[4], 4), "alone");
        assert!(has_too_many(4, &[4, 0], 4));
        assert!(has_too_many(3, &[3, 1], 4));
        assert!(!has_too_many(2, &[2, 2], 4));
        assert!(!has_too_many(2, &[2, 1, 1], 4));
        assert!(has_too_many(2, &[2, 2, 0], 4), "the third has none");
        assert!(!has_too_many(1, &[1, 1, 1, 1, 0], 4), "more workers than partitions");
    }
}
