//! The rounds of DKLs23's key generation (protocol 9.1 of eprint 2023/602), one type each.
//!
//! 1. **Open.** A random number of each seat: the library's session id is made of all of them.
//! 2. **Deal.** To each seat alone, its piece of the share.
//! 3. **Commit.** The hash of the seat's proof, and of a seed for each other seat.
//! 4. **Reveal.** The proof that the seat knows its share, with the share's point.
//! 5. **Echo.** The hash of everything that was broadcast. When all match, every seat verifies the
//!    proofs and computes the key from the points.
//! 6. **Pair.** To each seat alone, its seed and the base oblivious transfers.
//! 7. **Confirm.** The hash of the public outcome; all must match.
//!
//! A piece that fits no key can't be told from another: the library's pieces come without
//! commitments, so then the run ends without a culprit.

mod pairing;
mod rounds;

use rand_core::{CryptoRng, RngCore};

use crate::binding::Refused;
use crate::inbox::{Inbox, Round};
use crate::run::Runner;
use crate::session::Outgoing;
use crate::sharing::{HASH, Plan};
use crate::wire::Header;

pub(crate) use rounds::State;
#[cfg(test)]
pub(crate) use rounds::distinct;

/// Bytes of the library's session id.
pub(super) const SESSION: usize = HASH;

/// Bytes of a proof of knowledge: a point, 64 commitments, challenges and responses.
const PROOF: usize = 4_644;

/// Bytes of a seat's seed and base transfers for another seat.
const PAIR: usize = 143_052;

/// Begins a run; gives the first message to send.
pub(crate) fn start<R: RngCore + CryptoRng>(
    header: Header,
    plan: Plan,
    rng: &mut R,
) -> Result<(Runner<State>, Vec<Outgoing>), Refused> {
    let mut nonce = [0; HASH];
    rng.fill_bytes(&mut nonce);
    let send = vec![header.to_all(rounds::OPEN, &nonce)];
    let inbox = Inbox::new(header, &plan.seats, form(plan.seats.len()));
    let state = State::new(plan, nonce).ok_or(Refused::Internal("the library's parameters"))?;
    Ok((Runner::new(inbox, state), send))
}

/// The length of each round's message.
fn form(seats: usize) -> Vec<Round> {
    let broadcast = |length| Round {
        private: false,
        length,
    };
    let private = |length| Round {
        private: true,
        length,
    };
    vec![
        broadcast(HASH),
        private(rounds::SCALAR),
        broadcast(HASH * seats),
        broadcast(HASH + PROOF),
        broadcast(HASH),
        private(PAIR),
        broadcast(HASH),
    ]
}
