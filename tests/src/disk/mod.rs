//! What programs do to their disks: watched, and made to fail. Each in two ways, of
//! which the second needs no rights: with the system's help (strace, a small file
//! system), or by a library that stands between a program and its disk.

mod shim;
mod small;
mod trace;

pub use small::{Full, SmallDisk};
pub use trace::{Entry, Tracing, Way};
