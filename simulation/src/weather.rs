//! How bad things are: each seed has its own weather, so that one seed is about
//! crashes and another about a bus that loses everything.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::chance::Chance;

/// How often each thing goes wrong, of ten thousand times, while it is not calm.
#[derive(Debug)]
pub(crate) struct Weather {
    /// A statement fails, and its connection with it.
    pub(crate) statement_lost: u32,
    /// A statement is answered after the session's patience.
    pub(crate) statement_slow: u32,
    /// Nobody hears whether a commit happened.
    pub(crate) commit_unknown: u32,
    /// A transaction's locks outlive its process for a while.
    pub(crate) lock_lingers: u32,
    /// A send is in the log, and nobody hears of it.
    pub(crate) confirm_lost: u32,
    /// A send is in the log twice.
    pub(crate) published_twice: u32,
    /// A send is not in the log.
    pub(crate) publish_lost: u32,
    /// A consumer's link is cut while it works.
    pub(crate) link_cut: u32,
    /// An acknowledgement does not arrive, and the link is cut.
    pub(crate) acknowledgement_lost: u32,
    /// A receipt does not arrive.
    pub(crate) receipt_lost: u32,
    /// A hint does not arrive at a node.
    pub(crate) hint_lost: u32,
    /// A hint arrives twice.
    pub(crate) hint_twice: u32,
    /// A hint is late.
    pub(crate) hint_late: u32,
    /// A client disconnects before its next frame.
    pub(crate) client_leaves: u32,
    /// How long a thing takes that takes long.
    pub(crate) slowness: Duration,
    /// How long a process lives, at most; they are not killed if there is none.
    pub(crate) worker_life: Option<Duration>,
    pub(crate) node_life: Option<Duration>,
    /// How far a process's clock is off, at most.
    pub(crate) skew: Duration,
    calm: CancellationToken,
}

impl Weather {
    pub(crate) fn of(chance: &mut Chance) -> Self {
        let mut often = |rates: [u32; 4]| *chance.pick(&rates);
        Self {
            statement_lost: often([0, 10, 50, 200]),
            statement_slow: often([0, 0, 5, 20]),
            commit_unknown: often([0, 50, 200, 800]),
            lock_lingers: often([0, 1000, 3000, 9000]),
            confirm_lost: often([0, 200, 1000, 3000]),
            published_twice: often([0, 200, 1000, 4000]),
            publish_lost: often([0, 100, 500, 2000]),
            link_cut: often([0, 100, 300, 1000]),
            acknowledgement_lost: often([0, 200, 1000, 3000]),
            receipt_lost: often([0, 500, 2000, 10_000]),
            hint_lost: often([0, 500, 3000, 10_000]),
            hint_twice: often([0, 500, 2000, 5000]),
            hint_late: often([0, 500, 3000, 9000]),
            client_leaves: often([0, 50, 200, 500]),
            slowness: Duration::from_millis(u64::from(often([5, 40, 300, 2000]))),
            worker_life: life(often([0, 2, 5, 12])),
            node_life: life(often([0, 0, 5, 12])),
            skew: Duration::from_millis(u64::from(often([0, 20, 500, 5000]))),
            calm: CancellationToken::new(),
        }
    }

    /// From now on everything works.
    pub(crate) fn calm_down(&self) {
        self.calm.cancel();
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.calm.is_cancelled()
    }

    /// Lets time pass; what was held up goes on when it is calm.
    pub(crate) async fn hold_up(&self, time: Duration) {
        self.calm.run_until_cancelled(tokio::time::sleep(time)).await;
    }
}

fn life(seconds: u32) -> Option<Duration> {
    (seconds > 0).then(|| Duration::from_secs(u64::from(seconds)))
}
