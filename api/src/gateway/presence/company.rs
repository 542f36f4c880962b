//! Whom the watchers of one channel meet there.

use std::collections::{HashMap, HashSet};

use warren_domain::id::UserId;

/// In channels with more members nobody is told of the others: everybody would
/// be told of everybody.
pub(crate) const MAX_MEMBERS: usize = 500;

/// A channel's members, each with a mark that rises when there is something new
/// about them. Whoever has seen all marks up to one sees what is above it.
#[derive(Debug)]
pub(crate) struct Company {
    members: Members,
    last: u64,
}

#[derive(Debug)]
enum Members {
    /// Not looked up yet; who joined (`true`) or left meanwhile, in order.
    Unknown(Vec<(UserId, bool)>),
    Known(HashMap<UserId, u64>),
    TooMany,
}

impl Default for Company {
    fn default() -> Self {
        Self { members: Members::Unknown(Vec::new()), last: 0 }
    }
}

impl Company {
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self.members, Members::Unknown(_))
    }

    /// Takes the members as they were read after the channel was watched; more
    /// than [`MAX_MEMBERS`] are too many.
    pub(crate) fn learn(&mut self, members: Vec<UserId>) {
        let Members::Unknown(meanwhile) = &mut self.members else { return };
        let meanwhile = std::mem::take(meanwhile);
        self.members = Members::Known(HashMap::new());
        for user_id in members {
            self.join(user_id);
        }
        for (user_id, joined) in meanwhile {
            if joined { self.join(user_id) } else { self.leave(user_id) }
        }
    }

    pub(crate) fn join(&mut self, user_id: UserId) {
        match &mut self.members {
            Members::Unknown(meanwhile) if meanwhile.len() < MAX_MEMBERS => {
                meanwhile.push((user_id, true));
            }
            Members::Known(members) if members.len() < MAX_MEMBERS => {
                self.last += 1;
                members.insert(user_id, self.last);
            }
            Members::Known(members) if members.contains_key(&user_id) => {}
            _ => self.members = Members::TooMany,
        }
    }

    pub(crate) fn leave(&mut self, user_id: UserId) {
        match &mut self.members {
            Members::Unknown(meanwhile) if meanwhile.len() < MAX_MEMBERS => {
                meanwhile.push((user_id, false));
            }
            Members::Unknown(_) => self.members = Members::TooMany,
            Members::Known(members) => drop(members.remove(&user_id)),
            Members::TooMany => {}
        }
    }

    /// There is something new about these people; `true` if one is a member.
    pub(crate) fn mark(&mut self, people: &HashSet<UserId>) -> bool {
        let Members::Known(members) = &mut self.members else { return false };
        let before = self.last;
        let mut marked = |mark: &mut u64| {
            self.last += 1;
            *mark = self.last;
        };
        if people.len() < members.len() {
            people.iter().for_each(|user_id| {
                if let Some(mark) = members.get_mut(user_id) {
                    marked(mark);
                }
            });
        } else {
            members.iter_mut().filter(|(id, _)| people.contains(id)).for_each(|(_, m)| marked(m));
        }
        self.last > before
    }

    /// The highest mark.
    pub(crate) fn last_mark(&self) -> u64 {
        self.last
    }

    /// Whose marks are above `seen`, and the highest mark.
    pub(crate) fn above(&self, seen: u64) -> (Vec<UserId>, u64) {
        let Members::Known(members) = &self.members else { return (Vec::new(), seen) };
        let above = members.iter().filter(|(_, mark)| **mark > seen).map(|(user_id, _)| *user_id);
        (if self.last > seen { above.collect() } else { Vec::new() }, self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(count: usize) -> Vec<UserId> {
        (0..count).map(|_| UserId::generate()).collect()
    }

    #[test]
    fn who_has_seen_everything_is_told_of_changes_only() {
        let (mut company, people) = (Company::default(), people(3));
        company.learn(people.clone());
        let (told, seen) = company.above(0);
        assert_eq!(told.len(), 3);
        assert!(company.above(seen).0.is_empty());
        assert!(company.mark(&HashSet::from([people[1], UserId::generate()])));
        assert_eq!(company.above(seen).0, [people[1]]);
        assert!(!company.mark(&HashSet::from([UserId::generate()])));
    }

    #[test]
    fn who_joined_or_left_while_the_members_were_read_counts() {
        let (mut company, people) = (Company::default(), people(3));
        company.join(people[2]);
        company.leave(people[0]);
        assert!(!company.mark(&HashSet::from([people[2]])), "not known yet");
        company.learn(vec![people[0], people[1]]);
        let told: HashSet<UserId> = company.above(0).0.into_iter().collect();
        assert_eq!(told, HashSet::from([people[1], people[2]]));
    }

    #[test]
    fn crowd_is_told_nothing() {
        let (mut company, people) = (Company::default(), people(MAX_MEMBERS + 1));
        company.learn(people[..MAX_MEMBERS].to_vec());
        assert_eq!(company.above(0).0.len(), MAX_MEMBERS);
        company.join(people[MAX_MEMBERS]);
        assert!(!company.mark(&people.into_iter().collect()));
        assert!(company.above(0).0.is_empty());
    }
}
