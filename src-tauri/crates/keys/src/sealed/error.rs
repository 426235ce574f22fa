//! What can go wrong with share files.

use domain::OfficerId;
use domain::seal::ShareBinding;

use super::SealKind;
use crate::cards::CardError;
use crate::hpke::HpkeError;
use crate::os_keyring::KeyringError;
use crate::random::RandomError;

/// Why a share could not be sealed. No file came of it.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// One lost key would close the seat for ever.
    #[error(
        "a {kind} seat needs at least {least} officers, not {given}: one lost YubiKey would close it for good. nothing was sealed; name more officers"
    )]
    TooFewOfficers {
        /// The kind of seat.
        kind: SealKind,
        /// Officers it needs.
        least: usize,
        /// Officers named.
        given: usize,
    },
    /// More than any seat has.
    #[error("at most {most} officers can open a seat, not {given}; nothing was sealed")]
    TooManyOfficers {
        /// Most officers.
        most: usize,
        /// Officers named.
        given: usize,
    },
    /// An officer, or a key, named twice: fewer hands than it looks.
    #[error("officer {0} is named twice, or two officers have one key; nothing was sealed")]
    OfficerTwice(OfficerId),
    /// k below 2 or above m.
    #[error(
        "{needed} of {total} pieces can't be: at least 2 and at most all pieces are needed. nothing was sealed"
    )]
    Pieces {
        /// Pieces needed.
        needed: u16,
        /// Pieces there would be.
        total: usize,
    },
    /// Empty, or absurdly large.
    #[error("a share of {0} bytes can't be sealed: between 1 and {max} bytes can", max = super::MAX_SHARE)]
    Size(usize),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// Sealing to an officer's key failed.
    #[error(transparent)]
    Hpke(#[from] HpkeError),
    /// The keyring did not take the data key.
    #[error("the data key of a device seat could not be kept, so the share was not sealed: {0}")]
    Keyring(#[from] KeyringError),
    /// A fault of this program.
    #[error(
        "the share file could not be written down ({0}); nothing was sealed. this is a fault of the program"
    )]
    Internal(&'static str),
}

/// Why bytes are no share file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Larger than any share file.
    #[error("{0} bytes are too many for a share file; it is something else or was damaged")]
    TooLarge(usize),
    /// Not the format, an unknown field or a value out of bounds.
    #[error("this is no share file that this program knows: {0}")]
    Malformed(String),
    /// Another spelling of the same content: then its hash means nothing.
    #[error(
        "the share file is not written in its one form: it was changed or written by something else"
    )]
    NotCanonical,
}

/// Why a share file did not open. The share stays sealed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is of another share.
    #[error(
        "this file holds the share of another seat, vault, treasury or epoch (seat {seat} of vault {vault}, epoch {epoch}); it was not opened. take the file that belongs here",
        seat = .found.seat, vault = .found.vault.short(), epoch = .found.epoch.get()
    )]
    OtherShare {
        /// What the file says it is.
        found: Box<ShareBinding>,
    },
    /// Opened in another way.
    #[error("this file is of a {found} seat and can't be opened as one of a {wanted} seat")]
    OtherKind {
        /// What the file is.
        found: SealKind,
        /// How it was to be opened.
        wanted: SealKind,
    },
    /// The officer is not among those it was sealed to.
    #[error(
        "this share was not sealed to this officer's YubiKey; it stays sealed. ask one of the officers named for the seat"
    )]
    NotAnOpener,
    /// The YubiKey did not do its part.
    #[error("the share stays sealed: {0}")]
    Card(#[from] CardError),
    /// The lid is of another key, or changed.
    #[error("the share stays sealed: {0}. restore the file from the backup")]
    Lid(#[from] HpkeError),
    /// The keyring failed.
    #[error("the share stays sealed: {0}")]
    Keyring(#[from] KeyringError),
    /// The keyring has no data key for this file.
    #[error(
        "the OS keyring has no key for this share: it was sealed on another machine or for another user, or the keyring was reset. this seat can't sign; the other seats of the vault can, and resharing replaces it"
    )]
    NoKey,
    /// Too few pieces.
    #[error(
        "{given} of the {needed} pieces are here; the share stays sealed until {needed} officers gave theirs"
    )]
    TooFewPieces {
        /// Pieces needed.
        needed: u16,
        /// Pieces given.
        given: usize,
    },
    /// The same piece more than once.
    #[error("one officer's piece was given twice: it counts once. ask another officer")]
    PieceTwice,
    /// A piece of another file.
    #[error("a piece belongs to another share file; none was used")]
    ForeignPiece,
    /// The key that came out is not the one that sealed.
    #[error(
        "what was put together is not the key of this share: a piece or the file was changed. nothing was opened; restore the file from the backup"
    )]
    WrongKey,
    /// The ciphertext or anything around it was changed.
    #[error(
        "the share file was changed after it was sealed; nothing was opened. restore it from the backup"
    )]
    Damaged,
}
