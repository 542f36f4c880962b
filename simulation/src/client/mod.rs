//! Those who use it: they send, change things, and watch.

mod meddler;
mod sender;
mod watcher;
mod wire;

pub(crate) use meddler::meddle;
pub(crate) use sender::Sender;
pub(crate) use watcher::Watcher;
