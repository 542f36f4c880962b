//! The machinery of the black-box tests: real servers, real Warren programs,
//! and clients that write down what they saw.

#[cfg(test)]
mod arrows;
pub mod client;
pub mod deployment;
pub mod disk;
pub mod guardian;
pub mod parameters;
pub mod program;
pub mod promise;
pub mod servers;
pub mod site;
pub mod suites;
pub mod wait;
pub mod world;
