//! Channels: making, finding, joining and leaving them, and who may see them.

mod access;
mod browse;
mod change;
mod create;
mod direct;
mod invitation;
mod join;
mod marks;
mod members;
pub(crate) mod membership;
mod name;
mod named;
mod rules;
mod typing;
mod update;
mod view;

use uuid::uuid;

pub use access::{AccessCache, AccessError, Membership, Seat, Sight, find, require_member};
pub use browse::{browse, mine, of_user};
pub use change::ChangeError;
pub use create::{ChannelDraft, Created, create};
pub use direct::{MAX_OTHERS, direct};
pub use invitation::{
    Invitation, InvitationPage, Invited, accept, invitations_into, invitations_of, invite, reject,
    withdraw,
};
pub use join::{join, unsubscribe};
pub use marks::{clear, mark_read, mute};
pub use members::{Added, add_member, appoint, members, remove_member};
pub use membership::{Member, MemberRole, first_members, memberships_of};
pub use name::{ChannelName, ChannelRef};
pub use rules::Refusal;
pub use typing::typing;
pub use update::{ChannelChange, archive, update};
pub use view::{Channel, Mine};

pub(crate) use access::find_for_post;
pub(crate) use view::summary;

use crate::id::ChannelId;

/// The channel that every signup joins; the first migration makes it.
pub const PUBLIC_CHANNEL_ID: ChannelId = ChannelId(uuid!("77617272-656e-8000-8000-000000000001"));
