//! What stands outside the journal's file: the anchor, the machine's key, and the test's crash points.

use domain::roster::HexBytes;
use domain::{LinkId, PublicKey, Signature, TreasuryId};
use serde::{Deserialize, Serialize};

/// What a keyring or signer says when it can't.
pub type KeeperError = Box<dyn std::error::Error + Send + Sync>;

/// The journal's head as known outside its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Anchor {
    /// The journal exists and has no entry yet. Kept so that a missing anchor always is a fault.
    Empty,
    /// The journal's last entry.
    Head(AnchoredHead),
}

/// The last entry, and a hash over every stored byte up to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchoredHead {
    /// The last entry's place.
    pub sequence: u64,
    /// The last link.
    pub link: LinkId,
    /// The treasury, so that one treasury's anchor never fits another's journal.
    pub treasury: TreasuryId,
    /// Running hash over all rows as stored. Links cover what was signed; this covers the rest, the
    /// links' own signatures and the times first seen.
    pub rows: HexBytes,
}

/// A stored text that is no anchor.
#[derive(Debug, thiserror::Error)]
#[error(
    "what the keyring holds as the journal's anchor is none ({0}): the journal is not opened, since it could not be told from an older copy"
)]
pub struct ParseAnchorError(#[from] serde_json::Error);

impl Anchor {
    /// The text to store: strict JSON, far below the 2,560 bytes that the smallest keyring takes.
    pub fn to_text(&self) -> Result<String, ParseAnchorError> {
        Ok(serde_json::to_string(self)?)
    }

    /// Reads a stored text, strictly.
    pub fn parse(text: &str) -> Result<Self, ParseAnchorError> {
        Ok(serde_json::from_str(text)?)
    }
}

/// Keeps one journal's anchor outside its file, in the OS keyring. Its calls may block: the journal
/// makes them on a thread that may.
pub trait AnchorStore: Send + Sync {
    /// The stored anchor; `None` only when there certainly is none.
    fn load(&self) -> Result<Option<Anchor>, KeeperError>;

    /// Stores the anchor durably in place of the one before.
    fn store(&self, anchor: &Anchor) -> Result<(), KeeperError>;
}

/// The machine's own key, which signs links. It must not block for long: hold the key, do not fetch it.
pub trait LinkSigner: Send + Sync {
    /// The machine's public key.
    fn public_key(&self) -> PublicKey;

    /// Signs a SHA-256 digest, low-s.
    fn sign(&self, digest: &[u8; 32]) -> Result<Signature, KeeperError>;
}

/// Named points at which a test may end the process. The product passes [`NoCrash`].
pub trait Crash: Send + Sync {
    /// The program has come to `point`.
    fn reach(&self, point: &'static str);
}

/// Goes on at every point.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCrash;

impl Crash for NoCrash {
    fn reach(&self, _point: &'static str) {}
}
