//! Free ports.

use std::collections::HashSet;
use std::net::TcpListener;
use std::sync::{LazyLock, Mutex};

static GIVEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);

/// A free port below those that the system gives to outgoing connections: a
/// client that retries while its server is down could otherwise be connected
/// to itself and keep the port from the server.
pub(super) fn free() -> u16 {
    loop {
        let port = rand::random_range(20_000..32_000);
        let free = TcpListener::bind(("127.0.0.1", port)).is_ok();
        if free && GIVEN.lock().unwrap().insert(port) {
            return port;
        }
    }
}
