//! How much one person may have, as whoever runs the server sets it.

use crate::message::MAX_TEXT_SIZE_BYTES;

/// What is not told apart by person: the same for everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of how many channels that are not archived one person may be the maker.
    pub channels_per_user: u64,
    /// The longest text of a message, in bytes of UTF-8; [`MAX_TEXT_SIZE_BYTES`] at most.
    pub message_size_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { channels_per_user: 1000, message_size_bytes: MAX_TEXT_SIZE_BYTES }
    }
}
