//! Turns the library's errors into faults that name seats.

use domain::id::SeatId;
use frost_secp256k1_tr as frost;

use crate::group::identifier;

/// The seats that an error of the library blames, in order.
///
/// The library's error type may grow, so its variants are not matched here: its own `culprits` does
/// that without a wildcard.
pub(crate) fn culprits(error: &frost::Error, seats: &[SeatId]) -> Vec<SeatId> {
    let blamed = error.culprits();
    let guilty = |seat: &SeatId| identifier(*seat).is_some_and(|id| blamed.contains(&id));
    seats.iter().copied().filter(guilty).collect()
}
