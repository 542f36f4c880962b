//! Where a page of a list ended.

use warren_api::ListKind;

/// A cursor is good for one list only, and a list that reads one gives out exactly
/// that one for what it has read.
///
/// # Panics
/// If not.
pub fn cursor(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut lists = 0;
    for kind in ListKind::ALL {
        if let Ok(key) = kind.read(text, |key| Some(key.to_owned())) {
            assert_eq!(kind.cursor(&key), text, "{kind:?} {key:?}");
            lists += 1;
        }
        let own = kind.cursor(text);
        assert_eq!(kind.read(&own, |key| Some(key.to_owned())).ok().as_deref(), Some(text));
    }
    assert!(lists <= 1, "{text} is good for {lists} lists");
}
