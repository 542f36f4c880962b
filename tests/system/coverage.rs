//! The last check: every documented answer and every frame was seen, on every
//! combination alike.

use warren_tests::world::World;

/// What a combination by design never answers: in one process the message log
/// is the committer, so a post is committed or not acknowledged, never pending.
const EMBEDDED_NEVER: [(&str, u16); 1] = [("postMessage", 202)];

/// Prints a line of counts for each combination; `false` if anything is
/// missing or they differ by more than the design says.
pub(super) fn report(embedded: &World, cluster: &World) -> bool {
    let one = embedded.coverage.counts(&EMBEDDED_NEVER);
    let other = cluster.coverage.counts(&[]);
    for (world, counts) in [(embedded, &one), (cluster, &other)] {
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
    }
    let alike = one.operations == other.operations
        && one.statuses + EMBEDDED_NEVER.len() == other.statuses
        && one.client_frames == other.client_frames
        && one.server_frames == other.server_frames;
    if !alike {
        println!("  the combinations differ");
    }
    alike && one.missing.is_empty() && other.missing.is_empty()
}
