//! How a share leaves `mpc`: once, as plaintext that wipes itself, to something that seals it.

use zeroize::Zeroizing;

use crate::canonical::Canonical;
use crate::id::{SeatId, TreasuryId, VaultId};
use crate::vault::Epoch;

/// What a sealed share is bound to: opening it as anything else fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShareBinding {
    /// The treasury.
    pub treasury: TreasuryId,
    /// The vault.
    pub vault: VaultId,
    /// The seat.
    pub seat: SeatId,
    /// The sharing.
    pub epoch: Epoch,
}

impl ShareBinding {
    /// The associated data of the encryption.
    pub fn associated_data(&self) -> Vec<u8> {
        Canonical::new("countersign/share/v1")
            .bytes(self.treasury.as_bytes())
            .bytes(self.vault.as_bytes())
            .number(self.seat.get().into())
            .number(self.epoch.get().into())
            .into_bytes()
    }
}

/// Bytes of a share. Wiped on drop; shows nothing, can't be copied or serialised.
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes bytes over. The caller must not keep a copy.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for the one who encrypts or uses them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<redacted>")
    }
}

/// Seals the plaintext of a share. `keys` implements it for device, hardware and recovery seats.
pub trait SealShare {
    /// What comes out.
    type Sealed;
    /// Why it could not be sealed.
    type Error;

    /// Encrypts `plaintext` so that it opens only under `binding`.
    fn seal(
        &mut self,
        binding: &ShareBinding,
        plaintext: SecretBytes,
    ) -> Result<Self::Sealed, Self::Error>;
}
