//! Who may do what in a channel: the one place that says so. docs/permissions.md
//! shows it as a table.

use crate::account::{Actor, Role};
use crate::channel::{Channel, MemberRole, PUBLIC_CHANNEL_ID};
use crate::timeline::{ChannelKind, ChannelSummary};

/// What somebody may or may not do to a channel and to its other members. What
/// concerns only oneself (reading, leaving, muting …) needs no more than a
/// membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Changing its name, its description and what newcomers see.
    Update,
    /// Archiving it, and taking it out of the archive.
    Archive,
    /// Making somebody a member, asking them to become one, and seeing who was
    /// asked.
    Invite,
    /// Taking back what somebody else asked.
    Withdraw,
    /// Ending the membership of somebody of this role.
    Remove(MemberRole),
    /// Saying who is owner, moderator or member.
    Appoint,
}

/// Why somebody who sees a channel may not do something to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Its members may, and they are none.
    #[error("you are not a member of this channel")]
    NotAMember,
    /// Others may.
    #[error("your role in this channel does not allow this")]
    Forbidden,
    /// Nobody may as long as it is archived.
    #[error("the channel is archived: it can be read, not written to")]
    Archived,
    /// Nobody may: a direct channel is the chat of exactly its members.
    #[error("a direct channel and its members never change")]
    Direct,
    /// Nobody may: everybody's first channel keeps its name and stays.
    #[error("this is everybody's first channel: it keeps its name and stays")]
    Permanent,
}

/// What somebody is, as far as a channel's rules ask.
#[derive(Clone, Copy, Debug)]
struct Standing {
    server: Role,
    member: Option<MemberRole>,
}

/// Whether the actor may do this to a channel that they see, and the channel is
/// not archived.
///
/// # Errors
/// [`Refusal`] says why not.
pub(crate) fn check(actor: &Actor, channel: &Channel, deed: Deed) -> Result<(), Refusal> {
    permit(actor, channel, deed)?;
    if channel.summary.archived_at.is_some() { Err(Refusal::Archived) } else { Ok(()) }
}

/// Whether the actor may do this to a channel that they see, archived or not.
///
/// # Errors
/// [`Refusal`] says why not.
pub(crate) fn permit(actor: &Actor, channel: &Channel, deed: Deed) -> Result<(), Refusal> {
    let kind = channel.summary.kind;
    if kind == ChannelKind::Direct {
        return Err(Refusal::Direct);
    }
    let standing = Standing { server: actor.user.role, member: channel.mine.role };
    match standing.member {
        _ if may(standing, kind, deed) => Ok(()),
        Some(_) => Err(Refusal::Forbidden),
        None => Err(Refusal::NotAMember),
    }
}

/// Everybody's first channel keeps its name, and is never archived.
///
/// # Errors
/// [`Refusal::Permanent`].
pub(crate) fn check_permanent(summary: &ChannelSummary) -> Result<(), Refusal> {
    if summary.id == PUBLIC_CHANNEL_ID { Err(Refusal::Permanent) } else { Ok(()) }
}

fn may(standing: Standing, kind: ChannelKind, deed: Deed) -> bool {
    let rank = rank(standing, kind, deed);
    least(kind, deed).is_some_and(|least| rank >= self::rank_of(Some(least)))
}

/// Who runs the server is like an owner of the public channels, members of them or
/// not. In private ones they are what they are there; but they may archive one
/// that they are a member of.
fn rank(standing: Standing, kind: ChannelKind, deed: Deed) -> u8 {
    let runs_server = matches!(standing.server, Role::Owner | Role::Admin);
    let reaches = kind == ChannelKind::Public
        || (kind == ChannelKind::Private && deed == Deed::Archive && standing.member.is_some());
    let owns = runs_server && reaches;
    rank_of(if owns { Some(MemberRole::Owner) } else { standing.member })
}

fn rank_of(role: Option<MemberRole>) -> u8 {
    match role {
        None => 0,
        Some(MemberRole::Member) => 1,
        Some(MemberRole::Moderator) => 2,
        Some(MemberRole::Owner) => 3,
    }
}

/// The least role that may do it; `None`: nobody may. As elsewhere, whoever is in
/// a public channel may bring others, and into a private one its moderators let
/// people; and one removes only those who may do less.
fn least(kind: ChannelKind, deed: Deed) -> Option<MemberRole> {
    match (kind, deed) {
        (ChannelKind::Direct, _) | (_, Deed::Remove(MemberRole::Owner)) => None,
        (ChannelKind::Public, Deed::Invite) => Some(MemberRole::Member),
        (ChannelKind::Private, Deed::Invite)
        | (_, Deed::Update | Deed::Withdraw | Deed::Remove(MemberRole::Member)) => {
            Some(MemberRole::Moderator)
        }
        (_, Deed::Archive | Deed::Appoint | Deed::Remove(MemberRole::Moderator)) => {
            Some(MemberRole::Owner)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEEDS: [Deed; 8] = [
        Deed::Update,
        Deed::Archive,
        Deed::Invite,
        Deed::Withdraw,
        Deed::Remove(MemberRole::Member),
        Deed::Remove(MemberRole::Moderator),
        Deed::Remove(MemberRole::Owner),
        Deed::Appoint,
    ];

    const STRANGER: Option<MemberRole> = None;
    const MEMBER: Option<MemberRole> = Some(MemberRole::Member);
    const MODERATOR: Option<MemberRole> = Some(MemberRole::Moderator);
    const OWNER: Option<MemberRole> = Some(MemberRole::Owner);

    /// What people may do, in the order of `DEEDS`: `x` if they may.
    const TABLE: [(ChannelKind, Role, Option<MemberRole>, &str); 24] = [
        (ChannelKind::Public, Role::Member, STRANGER, "- - - - --- -"),
        (ChannelKind::Public, Role::Member, MEMBER, "- - x - --- -"),
        (ChannelKind::Public, Role::Member, MODERATOR, "x - x x x-- -"),
        (ChannelKind::Public, Role::Member, OWNER, "x x x x xx- x"),
        (ChannelKind::Public, Role::Admin, STRANGER, "x x x x xx- x"),
        (ChannelKind::Public, Role::Admin, MEMBER, "x x x x xx- x"),
        (ChannelKind::Public, Role::Admin, MODERATOR, "x x x x xx- x"),
        (ChannelKind::Public, Role::Admin, OWNER, "x x x x xx- x"),
        (ChannelKind::Public, Role::Owner, STRANGER, "x x x x xx- x"),
        (ChannelKind::Public, Role::Owner, MEMBER, "x x x x xx- x"),
        (ChannelKind::Public, Role::Owner, MODERATOR, "x x x x xx- x"),
        (ChannelKind::Public, Role::Owner, OWNER, "x x x x xx- x"),
        (ChannelKind::Private, Role::Member, STRANGER, "- - - - --- -"),
        (ChannelKind::Private, Role::Member, MEMBER, "- - - - --- -"),
        (ChannelKind::Private, Role::Member, MODERATOR, "x - x x x-- -"),
        (ChannelKind::Private, Role::Member, OWNER, "x x x x xx- x"),
        (ChannelKind::Private, Role::Admin, STRANGER, "- - - - --- -"),
        (ChannelKind::Private, Role::Admin, MEMBER, "- x - - --- -"),
        (ChannelKind::Private, Role::Admin, MODERATOR, "x x x x x-- -"),
        (ChannelKind::Private, Role::Admin, OWNER, "x x x x xx- x"),
        (ChannelKind::Private, Role::Owner, STRANGER, "- - - - --- -"),
        (ChannelKind::Private, Role::Owner, MEMBER, "- x - - --- -"),
        (ChannelKind::Private, Role::Owner, MODERATOR, "x x x x x-- -"),
        (ChannelKind::Private, Role::Owner, OWNER, "x x x x xx- x"),
    ];

    #[test]
    fn every_cell_of_the_table_holds() {
        for (kind, server, member, cells) in TABLE {
            let cells = cells.chars().filter(|cell| !cell.is_whitespace());
            for (deed, cell) in DEEDS.into_iter().zip(cells) {
                let allowed = may(Standing { server, member }, kind, deed);
                assert_eq!(allowed, cell == 'x', "{kind:?} {server:?} {member:?} {deed:?}");
            }
        }
    }

    #[test]
    fn nobody_changes_a_direct_channel() {
        for server in [Role::Owner, Role::Admin, Role::Member] {
            for member in [STRANGER, MEMBER, MODERATOR, OWNER] {
                for deed in DEEDS {
                    let standing = Standing { server, member };
                    assert!(!may(standing, ChannelKind::Direct, deed), "{standing:?} {deed:?}");
                }
            }
        }
    }
}
