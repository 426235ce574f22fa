//! The journal: an append-only, hash-chained log of signed entries in one SQLite file.
//!
//! All state of a treasury is a fold over it, so what is stored is what was signed, every read parses
//! the stored bytes anew, and nothing that does not read back exactly is ever written. The head is
//! anchored outside the file after each append: a file that was cut, altered or replaced by an older
//! copy no longer fits its anchor, and then it can be read and exported but never appended to.
//!
//! Who had the right to sign is for the fold in `treasury` to say; this crate answers for order,
//! completeness, one spelling of each byte, and signatures by the keys that are named.

mod anchor;
mod chain;
mod clock;
mod database;
mod export;
mod fault;
mod journal;
mod keys;
mod lock;
mod open;
mod restore;

#[cfg(test)]
mod tests;

pub use anchor::{
    Anchor, AnchorStore, AnchoredHead, Crash, KeeperError, LinkSigner, NoCrash, ParseAnchorError,
};
pub use chain::{BadEntry, Why};
pub use clock::ClockMark;
pub use export::{ExportError, FORMAT, Summary, VerifyError, verify_export};
pub use fault::Fault;
pub use journal::{AppendError, Head, Journal, ReadError};
pub use open::OpenError;
pub use restore::RestoreError;
