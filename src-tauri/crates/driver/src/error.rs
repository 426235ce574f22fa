//! What can go wrong, in words for the person in front of it.

use domain::{Name, Span};

use crate::clock::ClockError;
use crate::home::HomeError;

/// Why something could not be done. Each says what it means for the money and what to do next.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The home directory.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The clock.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// The clock jumped ahead.
    #[error(
        "this machine's clock jumped {0} ahead of its running time: nothing is signed until an officer confirms that it is right, with `countersign confirm-clock`"
    )]
    ClockJumped(Span),
    /// The keyring.
    #[error(transparent)]
    Keyring(#[from] keys::os_keyring::KeyringError),
    /// The journal can't be opened.
    #[error(transparent)]
    OpenJournal(#[from] journal::OpenError),
    /// The journal is faulted: it can be read and exported only.
    #[error("STOPPED. {0}")]
    Fault(journal::Fault),
    /// The journal can't be read.
    #[error(transparent)]
    ReadJournal(#[from] journal::ReadError),
    /// The entry was not appended.
    #[error(transparent)]
    Append(#[from] journal::AppendError),
    /// An entry of the journal breaks a rule.
    #[error(
        "STOPPED. entry {sequence} of the journal breaks a rule: {illegal}; nothing is signed, keep the file as evidence and restore the latest good backup"
    )]
    IllegalJournal {
        /// Its place.
        sequence: u64,
        /// The rule.
        illegal: treasury::IllegalEntry,
    },
    /// What was asked breaks a rule; nothing was written.
    #[error("not done: {0}")]
    Illegal(#[from] treasury::IllegalEntry),
    /// A body can't be made or read.
    #[error(transparent)]
    Entry(#[from] domain::entry::EntryError),
    /// There is no such thing.
    #[error("there is no {what} `{which}`{hint}")]
    Unknown {
        /// The kind of thing.
        what: &'static str,
        /// What was asked for.
        which: String,
        /// What there is instead, as a further sentence.
        hint: String,
    },
    /// The policy refuses, with all reasons.
    #[error("the policy refuses it: {0}")]
    Refused(policy::Reasons),
    /// Not allowed at this point.
    #[error("not done: {0}")]
    NotNow(String),
    /// A YubiKey, or the person with it.
    #[error("{officer}: {problem}")]
    Desk {
        /// Whose key.
        officer: Name,
        /// What went wrong.
        problem: crate::desk::DeskError,
    },
    /// The Bitcoin node or wallet.
    #[error("{0}")]
    Bitcoin(String),
    /// The node of an EVM chain.
    #[error("{0}")]
    Evm(String),
    /// A share can't be opened or used.
    #[error("seat {seat}: {problem}")]
    Share {
        /// The seat's name.
        seat: String,
        /// What went wrong.
        problem: String,
    },
    /// Key generation or acceptance failed.
    #[error("the vault has no key: {0}; nothing of this attempt is used, try again")]
    Ceremony(String),
    /// Signing failed.
    #[error("not signed: {0}")]
    Signing(String),
    /// A backup can't be written or read.
    #[error("{0}")]
    Backup(String),
    /// A task of this program died.
    #[error(
        "a task of this program ended by itself ({0}): this is a fault of Countersign; nothing was signed that is not in the journal"
    )]
    Task(String),
    /// No randomness.
    #[error("the operating system gives no random numbers ({0}): nothing was done")]
    Random(String),
}

impl From<tokio::task::JoinError> for DriverError {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Task(error.to_string())
    }
}
