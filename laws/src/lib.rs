//! What holds of everything that Warren reads from strangers, whatever the bytes
//! are. Each function takes any bytes, and panics where its law is broken: the fuzz
//! targets of `fuzz/` call them with bytes of their own making, the tests here with
//! those in `fuzz/corpus`.
//!
//! That a decoder does not panic is a part of each law.

mod configuration;
#[cfg(test)]
mod corpus;
mod cursor;
mod frame;
mod payload;

pub use configuration::configuration;
pub use cursor::cursor;
pub use frame::client_frame;
pub use payload::payload;

/// A law, for any bytes.
pub type Law = fn(&[u8]);

/// Every law, by the name of its fuzz target and of its folder in `fuzz/corpus`.
pub const LAWS: [(&str, Law); 4] = [
    ("client_frame", client_frame),
    ("configuration", configuration),
    ("cursor", cursor),
    ("payload", payload),
];
