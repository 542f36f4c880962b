//! What every Warren program needs before its own work begins: its configuration, its
//! logs, its data directory, a way to be stopped and a way to report failure.
//!
//! This crate knows nothing of chat and depends on no other crate of the workspace.

mod allocator;
pub mod configuration;
pub mod data_directory;
pub mod exit;
pub mod figures;
mod identity;
pub mod logging;
mod monitors;
pub mod resources;
pub mod secret;
pub mod shutdown;

pub use configuration::{
    Configuration, ConfigurationArgument, ConfigurationError, MESSAGE_SIZE_MAXIMUM_BYTES,
};
pub use data_directory::DataDirectory;
pub use exit::{EXIT_CONFIGURATION, Failure, conclude};
pub use identity::process_name;
pub use monitors::Monitors;
pub use secret::Secret;
pub use shutdown::Shutdown;
