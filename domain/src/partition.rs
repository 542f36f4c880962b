//! Which partition of the message log a channel belongs to. Every program
//! that touches one log must agree on this for as long as the log holds
//! anything: two answers for one channel would be two orders.

use std::num::NonZeroU32;

use crate::id::ChannelId;

/// The name of the hash behind [`partition_of`], to be stored beside the
/// partition count: another name means another layout, never mixed with this one.
pub const PARTITION_HASH: &str = "fnv1a-64";

/// The partition of a channel, below `count`.
#[must_use]
pub fn partition_of(channel_id: ChannelId, count: NonZeroU32) -> u32 {
    let remainder = fnv1a_64(channel_id.0.as_bytes()) % u64::from(count.get());
    // Below a u32, so it always fits.
    u32::try_from(remainder).unwrap_or_default()
}

/// FNV-1a, 64 bits (draft-eastlake-fnv): no seed, no dependency, the same in
/// every language and for ever.
fn fnv1a_64(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(count: u32) -> NonZeroU32 {
        NonZeroU32::new(count).unwrap()
    }

    fn channel(text: &str) -> ChannelId {
        text.parse().unwrap()
    }

    #[test]
    fn hash_matches_the_published_vectors() {
        assert_eq!(fnv1a_64(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a_64(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a_64(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn partition_of_a_channel_never_changes() {
        let zero = channel("00000000-0000-0000-0000-000000000000");
        let one = channel("00000000-0000-0000-0000-000000000001");
        let mixed = channel("018f3c2a-7b1e-7c4d-9a55-2f6e8d0c1b3a");
        let placed = |count| [zero, one, mixed].map(|channel| partition_of(channel, count));
        assert_eq!(placed(count(1)), [0, 0, 0]);
        assert_eq!(placed(count(4)), [1, 2, 1]);
        assert_eq!(placed(count(7)), [0, 4, 3]);
    }

    #[test]
    fn channels_spread_over_all_partitions() {
        let mut sizes = [0_u32; 4];
        for _ in 0..4000 {
            sizes[partition_of(ChannelId::generate(), count(4)) as usize] += 1;
        }
        assert!(sizes.iter().all(|size| (800..1200).contains(size)), "{sizes:?}");
    }
}
