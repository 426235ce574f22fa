//! Threshold ECDSA by DKLs23 (eprint 2023/765), with the duties that its library leaves to the
//! caller.
//!
//! What the library does not do, or does in a way that can't be relied on, is done here:
//!
//! - **Chain code.** The library's can be told apart, and cancelled out, by one seat. It is not
//!   taken: ours follows from the group key and everything that was broadcast, and no message of the
//!   library's own agreement is sent.
//! - **Proofs.** The library's proof of knowledge names no seat. Here each seat first commits to it
//!   under its own number and reveals it when all commitments are there; then all seats compare what
//!   they saw.
//! - **Bans.** A failed check of the oblivious transfers becomes a fault with a culprit.
//! - **`Debug`.** The library's types print secrets; they stay in types of ours that print nothing.
//!
//! Not in our hands: the library draws its randomness from the thread's generator, seeded by the
//! operating system. It can't be handed in, so DKLs23 runs can't be repeated in tests, and only the
//! part of each session id that this seat adds comes from the caller's generator.

pub(crate) mod keygen;
mod share;
pub(crate) mod signing;

use bitcoin::secp256k1::{Message, PublicKey, Secp256k1, Verification, ecdsa};
use dkls23::protocols::{Abort, AbortKind, AbortReason, PartyIndex};
use domain::id::SeatId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::abort::Fault;
use crate::inbox::Body;

pub(crate) use share::Root;

type Curve = k256_dkls::Secp256k1;
type Party = dkls23::protocols::Party<Curve>;

/// Whether this is an ECDSA signature of the digest under the key, r and s big-endian, with low s.
pub(crate) fn verify<C: Verification>(
    secp: &Secp256k1<C>,
    key: &PublicKey,
    digest: [u8; 32],
    signature: &[u8; 64],
) -> bool {
    let Ok(parsed) = ecdsa::Signature::from_compact(signature) else {
        return false;
    };
    let mut low = parsed;
    low.normalize_s();
    low == parsed && {
        let message = Message::from_digest(digest);
        secp.verify_ecdsa(&message, &parsed, key).is_ok()
    }
}

/// A seat as the library knows it: its place among all seats of the vault, from 1.
fn index(seats: &[SeatId], seat: SeatId) -> Option<PartyIndex> {
    let place = seats.iter().position(|one| *one == seat)?;
    PartyIndex::new(u8::try_from(place.checked_add(1)?).ok()?).ok()
}

/// The seat at the library's place.
fn seat(seats: &[SeatId], index: PartyIndex) -> Option<SeatId> {
    let place = usize::from(index.as_u8()).checked_sub(1)?;
    seats.get(place).copied()
}

/// What the library found wrong, as a fault. `unnamed` is for what may be anybody's.
///
/// A seat is named where the library says to ban it, and where what it sent contradicts what it was
/// bound to by messages that all seats compared. The rest may try again.
fn fault(abort: &Abort, seats: &[SeatId], me: SeatId, unnamed: Fault) -> Fault {
    if let AbortKind::BanCounterparty(party) = abort.kind {
        return blame(seats, me, party, |seat| Fault::ObliviousTransfer { seat });
    }
    match abort.reason {
        AbortReason::CommitmentMismatch { counterparty }
        | AbortReason::TrivialInstancePoint { counterparty }
        | AbortReason::ZeroShareDecommitFailed { counterparty } => {
            blame(seats, me, counterparty, |seat| Fault::RevealDiffers {
                seat,
            })
        }
        // In key generation: the base transfers of this pair, with nothing yet to be stolen.
        AbortReason::MultiplicationVerificationFailed { counterparty, .. } => {
            blame(seats, me, counterparty, |seat| Fault::ObliviousTransfer {
                seat,
            })
        }
        AbortReason::SessionBindingMismatch { counterparty } => {
            blame(seats, me, counterparty, |seat| Fault::OtherSession { seat })
        }
        AbortReason::PolynomialInconsistency
        | AbortReason::SignatureVerificationFailed
        | AbortReason::ZeroDenominator => unnamed,
        _ => Fault::Internal("what the library refused was checked before"),
    }
}

fn blame(
    seats: &[SeatId],
    me: SeatId,
    party: PartyIndex,
    fault: impl FnOnce(SeatId) -> Fault,
) -> Fault {
    match seat(seats, party) {
        Some(seat) if seat != me => fault(seat),
        _ => Fault::Internal("the library blames nobody else"),
    }
}

/// The library's own text form of an address, which nobody here reads.
fn no_address(_: &k256_dkls::AffinePoint) -> String {
    String::new()
}

/// Serialises into a buffer of the exact size: a vector that grows leaves copies of secrets behind.
fn encode<T: Serialize>(value: &T) -> Option<Body> {
    let size = postcard::experimental::serialized_size(value).ok()?;
    let bytes = postcard::to_extend(value, Vec::with_capacity(size)).ok()?;
    Some(Zeroizing::new(bytes))
}

/// The one encoding of a value, and no other bytes that decode to it.
fn decode<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let value: T = postcard::from_bytes(bytes).ok()?;
    (encode(&value)?.as_slice() == bytes).then_some(value)
}
