//! Accounts: signing up, signing in, the sessions that follow, and passwords.

mod actor;
mod client;
mod deletion;
mod directory;
mod last_seen;
mod login;
mod name;
mod operator;
mod password;
mod password_change;
mod password_reset;
mod people;
mod profile_change;
mod row;
mod session;
mod session_list;
mod signup;
mod standing;
mod ticket;
mod user;

pub use actor::Actor;
pub use client::ClientName;
pub use deletion::{DeletionError, delete_account};
pub use directory::{Profile, user_named, users};
pub use last_seen::{notice, seen};
pub use login::{LoginError, login};
pub use name::{Email, PersonName, Username};
pub use operator::{SetPasswordError, create_user, set_password};
pub use password::{Password, Passwords};
pub use password_change::{ConfirmError, change_password};
pub use password_reset::{ForgotError, ResetError, forgot_password, reset_password};
pub use people::People;
pub use profile_change::{ProfileChange, ProfileError, change_profile};
pub use session::{SessionError, SessionTokens, end, is_live, live_among, refresh};
pub use session_list::{EndError, Ended, Session, end_other_sessions, end_session, sessions};
pub use signup::{OwnerClaim, Signup, SignupError, signup};
pub use standing::{StandingChange, StandingError, change_standing};
pub use ticket::{TICKET_LIFETIME_S, issue_ticket, redeem_ticket, sweep_tickets};
pub use user::{Role, User};

pub(crate) use last_seen::LastSeen;
pub(crate) use name::EVERYBODY;
pub(crate) use password::PasswordError;
pub(crate) use password_reset::ForgottenPasswords;
