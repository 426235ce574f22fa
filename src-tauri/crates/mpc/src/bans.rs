//! Seats that broke the protocol and take part in nothing more until the key is shared anew.

use std::collections::BTreeSet;

use domain::id::{SeatId, VaultId};
use domain::vault::Epoch;

/// One seat shut out of one sharing of one vault's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ban {
    /// The vault.
    pub vault: VaultId,
    /// The sharing: a reshare without the seat begins a new one.
    pub epoch: Epoch,
    /// The seat.
    pub seat: SeatId,
}

/// All bans, as read from what the caller stored.
///
/// Without memory of bans each aborted run would hand a lying seat another try. So the caller
/// writes [`crate::Abort::bans`] to its journal before it does or answers anything else, and every
/// session refuses to start with a banned seat.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bans(BTreeSet<Ban>);

impl Bans {
    /// The bans that were stored.
    pub fn from_facts(facts: impl IntoIterator<Item = Ban>) -> Self {
        Self(facts.into_iter().collect())
    }

    /// The first of `seats` that is banned from this sharing.
    pub fn first_of(&self, vault: VaultId, epoch: Epoch, seats: &[SeatId]) -> Option<SeatId> {
        let banned = |&&seat: &&SeatId| self.0.contains(&Ban { vault, epoch, seat });
        seats.iter().find(banned).copied()
    }
}
