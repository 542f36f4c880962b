//! Channels: making, finding, joining and leaving them, and who may see them.

mod access;
mod browse;
mod create;
pub(crate) mod membership;
mod name;
mod typing;
mod view;

use uuid::uuid;

pub use access::{AccessCache, AccessError, Membership, Seat, Sight, find, require_member};
pub use browse::{browse, mine};
pub use create::{ChannelDraft, CreateError, Created, create};
pub use membership::{
    Member, MemberRole, first_members, join, members, memberships_of, unsubscribe,
};
pub use name::{ChannelName, ChannelRef};
pub use typing::typing;
pub use view::{Channel, Mine};

pub(crate) use access::find_for_post;
pub(crate) use view::summary;

use crate::id::ChannelId;

/// The channel that every signup joins; the first migration makes it.
pub const PUBLIC_CHANNEL_ID: ChannelId = ChannelId(uuid!("77617272-656e-8000-8000-000000000001"));
