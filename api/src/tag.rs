//! How the operations are grouped in the documents.

use poem_openapi::Tags;

/// A group of operations.
#[derive(Tags)]
pub(crate) enum Tag {
    /// Signing up and in, and who I am.
    Accounts,
    /// Finding people.
    People,
    /// Making, finding, joining and leaving channels.
    Channels,
    /// Who is in a channel, and what they may do there.
    Members,
    /// Asking people to become members, and answering.
    Invitations,
    /// Sending and reading messages.
    Messages,
    /// Everything that happens in a channel, numbered without a gap.
    Events,
    /// Whether the server lives and is ready.
    Health,
}
