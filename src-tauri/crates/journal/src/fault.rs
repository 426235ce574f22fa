//! Why a journal that opened may be read and exported, but never appended to.

use crate::chain::BadEntry;

/// What is wrong with a journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// An entry is not what it should be.
    #[error(
        "{0}; the journal's file was damaged or tampered with. Nothing is signed or appended: export what is readable, keep the file as evidence, and restore the latest good backup"
    )]
    BadEntry(BadEntry),
    /// SQLite finds its own file damaged.
    #[error(
        "the journal's file is damaged ({0}). Nothing is signed or appended: check the disk, keep the file as evidence, and restore the latest good backup"
    )]
    Damaged(String),
    /// Entries, but no anchor.
    #[error(
        "the journal has {entries} entries, but the keyring holds no anchor for it: it may be an older copy, and what it lacks can't be known. Nothing is signed or appended: unlock the keyring that it was used with, or restore a backup on purpose"
    )]
    AnchorMissing {
        /// Entries in the file.
        entries: u64,
    },
    /// The file ends before the anchor.
    #[error(
        "the journal has {entries} entries, but entry {anchored} was already written on this machine: the file was cut or is an older copy. Nothing is signed or appended, since what is missing could be a payout: find the newer file or export"
    )]
    RolledBack {
        /// Entries in the file.
        entries: u64,
        /// The anchored place.
        anchored: u64,
    },
    /// The file goes on after the anchor by more than one append.
    #[error(
        "the journal has {entries} entries, the keyring knows {anchored} of them: another program or another keyring wrote the rest. Nothing is signed or appended: export it, compare with the other machine's keyring, and restore"
    )]
    Unanchored {
        /// Entries in the file.
        entries: u64,
        /// Entries that the anchor covers.
        anchored: u64,
    },
    /// Another history.
    #[error(
        "entry {sequence} is not the one that this machine wrote there: the journal holds another history (a fork). Nothing is signed or appended: keep both files as evidence, and compare their exports"
    )]
    Forked {
        /// The anchored place.
        sequence: u64,
    },
    /// The links fit, but something beside them changed.
    #[error(
        "bytes up to entry {sequence} that no signature covers (a link's own signature or a time of first sight) are not those that this machine wrote. Nothing is signed or appended: keep the file as evidence, and restore the latest good backup"
    )]
    Altered {
        /// The anchored place.
        sequence: u64,
    },
    /// The anchor of another treasury.
    #[error(
        "the keyring's anchor is of another treasury than the journal. Nothing is signed or appended: point Countersign at the right folder"
    )]
    OtherTreasury,
}
