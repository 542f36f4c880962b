//! The last check: every documented answer and every frame was seen, on every
//! combination alike.

use std::sync::Arc;

use warren_tests::deployment::Combination;
use warren_tests::world::World;

/// What a combination by design never answers: in one process the message log
/// is the committer, so a post is committed or not acknowledged, never pending.
const EMBEDDED_NEVER: [(&str, u16); 1] = [("postMessage", 202)];

/// Prints a line of counts for each combination; `false` if anything is
/// missing or they differ by more than the design says.
pub(super) fn report(worlds: &[Arc<World>]) -> bool {
    let mut complete = true;
    let mut totals = Vec::new();
    for world in worlds {
        let never = never(world.combination);
        let counts = world.coverage.counts(never);
        println!(
            "coverage of {}: {} operations, {} documented answers, {} client and {} server frames",
            world.combination.name(),
            counts.operations,
            counts.statuses,
            counts.client_frames,
            counts.server_frames
        );
        for missing in &counts.missing {
            println!("  not seen: {missing}");
        }
        complete &= counts.missing.is_empty();
        let answers = counts.statuses + never.len();
        totals.push((counts.operations, answers, counts.client_frames, counts.server_frames));
    }
    let alike = totals.windows(2).all(|pair| pair[0] == pair[1]);
    if !alike {
        println!("  the combinations differ");
    }
    complete && alike
}

fn never(combination: Combination) -> &'static [(&'static str, u16)] {
    match combination {
        Combination::Embedded => &EMBEDDED_NEVER,
        Combination::Cluster(_) => &[],
    }
}
