//! Clients that check what every client may rely on, and write down what they saw.

mod answer;
mod coverage;
mod frames;
mod person;
mod rest;
mod schema;
mod socket;
mod specification;

pub use answer::Answer;
pub use coverage::Coverage;
pub use frames::Frames;
pub use person::{Person, new_key, unique};
pub use rest::{Call, Content, Rest};
pub use socket::{Cursors, Socket, raw_socket};
pub use specification::{Operation, Specification};
