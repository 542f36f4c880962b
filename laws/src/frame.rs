//! What a client says on its socket.

/// What reading a frame may add to its size, in bytes: absent fields become `null`.
const MAX_GROWTH: usize = 512;

/// A frame that was read, written, and read again says the same; and it is no larger
/// than what it was read from.
///
/// # Panics
/// If not.
pub fn client_frame(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(said) = warren_api::read_client_frame(text) else { return };
    let written = said.to_string();
    assert!(written.len() <= text.len() + MAX_GROWTH, "{} bytes of {}", written.len(), text.len());
    let again = warren_api::read_client_frame(&written);
    assert_eq!(again.ok(), Some(said), "{written}");
}
