//! Where all that is uncertain comes from: one generator, which a seed begins.

use std::time::Duration;

/// SplitMix64 (Steele, Lea and Flood, 2014). Written here, so that a seed means the
/// same for ever, whatever becomes of a library.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `count`, which is not 0.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    /// A number of a range, its end excluded.
    pub(crate) fn within(&mut self, range: std::ops::Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }

    /// `true` in so many cases of ten thousand.
    pub(crate) fn happens(&mut self, per_ten_thousand: u32) -> bool {
        self.next() % 10_000 < u64::from(per_ten_thousand)
    }

    /// One of these.
    pub(crate) fn pick<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.below(among.len())]
    }

    /// A time below `limit`, in milliseconds: that is how finely tokio waits.
    pub(crate) fn time_below(&mut self, limit: Duration) -> Duration {
        Duration::from_millis(self.within(0..limit.as_millis().max(1) as u64))
    }
}
