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
        if is_free(port) && GIVEN.lock().unwrap().insert(port) {
            return port;
        }
    }
}

/// A number whose ports `NN01` to `NN0count` are free: what Warren's processes
/// listen on under supervisor.
pub(super) fn free_hundred(count: u16) -> u16 {
    loop {
        let hundred = rand::random_range(200..320);
        let mut ports = (1..=count).map(|number| hundred * 100 + number);
        let mut given = GIVEN.lock().unwrap();
        if ports.clone().all(|port| is_free(port) && !given.contains(&port)) {
            given.extend(&mut ports);
            return hundred;
        }
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}
