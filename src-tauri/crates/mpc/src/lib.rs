//! Key generation, acceptance and threshold signing, as sessions without I/O. The shares live here.
//!
//! A session is fed authenticated messages and gives back messages to carry; it reads no clock, no
//! network and no randomness but what it is handed. Callers see three sessions, [`keygen::Keygen`],
//! [`acceptance::Acceptance`] and [`signing::Signing`], through one trait, [`Session`]; which
//! [`Scheme`] runs inside is not theirs to know.
//!
//! What runs inside is FROST (RFC 9591; key generation of the FROST paper, figure 1) in its Taproot
//! form, with these duties of the caller of `frost-secp256k1-tr` held here: one session id bound to
//! everything that is agreed, commit-then-reveal and an echo of every broadcast, a confirmed public
//! outcome, nonces that exist once, and a verdict that names who broke the protocol.
//!
//! What the caller still owes:
//!
//! - **Channels.** `from` in [`Session::handle`] is the *authenticated* sender, and an [`Outgoing`]
//!   to one seat goes over a channel that only that seat can read: it may hold a secret.
//! - **Session ids.** 32 random bytes, agreed by all seats, never used twice, not even after an
//!   abort.
//! - **Bans.** The [`Ban`]s of an [`Abort`] are stored durably *before* anything else happens and
//!   before any other seat is answered, and are given to every later session as [`Bans`].
//! - **Time.** A session waits for ever; [`Session::waiting_for`] says for whom.

mod abort;
pub mod acceptance;
mod bans;
mod binding;
mod blame;
mod dkls;
mod group;
mod inbox;
pub mod keygen;
mod quorum;
mod redact;
mod run;
mod session;
mod share;
mod sharing;
pub mod signing;
mod wire;

pub use abort::{Abort, AbortClass, Fault};
pub use bans::{Ban, Bans};
pub use binding::{Refused, Scheme};
pub use group::VaultKeyError;
pub use session::{Outgoing, Recipient, Session, Step};
pub use share::{FreshShare, KeyShare, OpenError};

#[cfg(test)]
mod tests;
