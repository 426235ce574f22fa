//! Share files: a share at rest, encrypted with AES-256-GCM under a fresh random data key and bound
//! to its treasury, vault, seat and epoch. Who gets at the data key makes the kind of seat:
//!
//! | kind | the data key |
//! |---|---|
//! | device | is a secret in the OS keyring |
//! | hardware | is sealed separately to the slot-82 key of each of at least two officers |
//! | recovery | is split k-of-m, each piece sealed to one officer's slot-82 key |
//!
//! A file has one form, byte by byte; its SHA-256 stands in the journal. The format is `envelope`'s.

mod device;
mod envelope;
mod error;
mod hardware;
mod recovery;
mod shamir;

pub use device::{DeviceSealer, forget_device, open_device};
pub use envelope::{MAX_FILE, MAX_OPENERS, MAX_SHARE, SealKind, SealedFile};
pub use error::{FileError, OpenError, SealError};
pub use hardware::{HardwareSealer, open_hardware};
pub use recovery::{Piece, RecoverySealer, combine, combine_each, open_piece};

use domain::{Officer, OfficerId, PublicKey};

/// An officer who can open a seat, or who holds a piece of what opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opener {
    /// Who.
    pub officer: OfficerId,
    /// The officer's slot-82 key.
    pub key: PublicKey,
}

impl Opener {
    /// The officer as enrolled.
    pub fn of(officer: &Officer) -> Self {
        Self {
            officer: officer.id(),
            key: officer.open,
        }
    }
}

#[cfg(test)]
#[path = "sealed/tests.rs"]
mod tests;
