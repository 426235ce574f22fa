//! How the driver reaches an officer: a PIN is typed, a key is touched.

use domain::{Officer, PublicKey, Signature};
use keys::hpke::SharedSecret;

/// What an officer is asked for, in words for the prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose(pub String);

/// Why an officer's key did not answer.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The person gave up, or no PIN could be read.
    #[error("cancelled: {0}; nothing was signed")]
    Cancelled(String),
    /// The card, in its own words.
    #[error(transparent)]
    Card(#[from] keys::CardError),
    /// Anything else that keeps the key from answering.
    #[error("{0}")]
    Other(String),
}

/// Officers' keys, wherever they are: YubiKeys at this machine, or cards of a simulation.
///
/// Calls block until the touch came or did not; the driver makes them on a thread that may.
pub trait Desk: Send {
    /// Slot 9c signs a digest, with PIN and touch.
    fn sign(
        &mut self,
        officer: &Officer,
        purpose: &Purpose,
        digest: &[u8; 32],
    ) -> Result<Signature, DeskError>;

    /// Slot 9e signs the digest of a freeze, with one touch and no PIN.
    fn sign_freeze(
        &mut self,
        officer: &Officer,
        purpose: &Purpose,
        digest: &[u8; 32],
    ) -> Result<Signature, DeskError>;

    /// Slot 82 agrees on a secret with the sender of a sealed envelope, with PIN and touch.
    fn agree(
        &mut self,
        officer: &Officer,
        purpose: &Purpose,
        sender: &PublicKey,
    ) -> Result<SharedSecret, DeskError>;
}
