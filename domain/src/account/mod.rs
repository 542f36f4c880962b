//! Accounts: signing up, signing in, and the sessions that follow.

mod actor;
mod login;
mod name;
mod owner;
mod password;
mod people;
mod session;
mod signup;
mod ticket;
mod user;

pub use actor::Actor;
pub use login::{LoginError, login};
pub use name::{Email, PersonName, Username};
pub use owner::{OwnerError, create_owner};
pub use password::{Password, Passwords};
pub use people::People;
pub use session::{SessionError, SessionTokens, end, is_live, live_among, refresh};
pub use signup::{OwnerClaim, Signup, SignupError, signup};
pub use ticket::{TICKET_LIFETIME_S, issue_ticket, redeem_ticket, sweep_tickets};
pub use user::{Role, User};

pub(crate) use password::PasswordError;
