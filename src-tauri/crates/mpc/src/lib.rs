//! Key generation, acceptance and threshold signing, as sessions without I/O. The shares live here.
//!
//! A session is fed authenticated messages and gives back messages to carry; it reads no clock, no
//! network and no randomness but what it is handed. Callers see three sessions, [`keygen::Keygen`],
//! [`acceptance::Acceptance`] and [`signing::Signing`], through one trait, [`Session`]; which
//! [`Scheme`] runs inside is not theirs to know.
//!
//! What runs inside is one of two protocols, each with a key of its own; one secret is never put
//! under both.
//!
//! - [`Scheme::FrostTaproot`]: FROST (RFC 9591; key generation of the FROST paper, figure 1) in its
//!   Taproot form, by `frost-secp256k1-tr`.
//! - [`Scheme::Dkls23`]: threshold ECDSA (eprint 2023/765), by `dkls23`, a library without an
//!   external audit. What it gets wrong or leaves open is closed here, and it draws its own
//!   randomness from the thread's generator, which can't be handed in. Key generation takes a second
//!   or so of computing at each seat, so it belongs on a thread that may block.
//!
//! The duties of the caller of either library are held here: one session id bound to everything that
//! is agreed, commit-then-reveal and an echo of every broadcast, a confirmed public outcome, our own
//! chain code, nonces that exist once, exactly t signers, signatures verified by libsecp256k1 before
//! they are given out, and a verdict that names who broke the protocol.
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
