//! What the message log carries.

use warren_domain::message::{MAX_PAYLOAD_SIZE_BYTES, Pending, Undecodable};

/// What is too large is never a send. A send that was read and written is read as the
/// same; and who reads it again gives it the same fingerprint, by which a repetition
/// is known.
///
/// # Panics
/// If not.
pub fn payload(bytes: &[u8]) {
    let decoded = Pending::decode(bytes);
    if bytes.len() > MAX_PAYLOAD_SIZE_BYTES {
        assert!(matches!(decoded, Err(Undecodable::Malformed(_))), "it is too large");
    }
    let Ok(pending) = decoded else { return };
    let written = pending.encode();
    // A payload of the greatest size may have been written more tersely than we do.
    if written.len() > MAX_PAYLOAD_SIZE_BYTES {
        assert!(bytes.len() > MAX_PAYLOAD_SIZE_BYTES / 2, "it has grown too much");
        return;
    }
    let again = Pending::decode(&written);
    assert_eq!(again.as_ref().map(Pending::fingerprint), Ok(pending.fingerprint()));
    assert_eq!(again, Ok(pending));
}
