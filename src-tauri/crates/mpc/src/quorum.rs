//! Exactly t seats sign a list of digests: what acceptance and signing have in common. The rounds
//! here are FROST's; DKLs23's are in its own module.
//!
//! 1. **Commit.** The hash of the digests that this seat computed, and for each input two nonce
//!    commitments.
//! 2. **Echo.** The hash of everything seen so far; all must match before any share leaves a seat.
//! 3. **Sign.** A share of each signature. Every seat puts the signatures together and verifies
//!    them with libsecp256k1.

mod nonces;
mod rounds;

use std::collections::BTreeSet;

use bitcoin::secp256k1::Secp256k1;
use domain::Canonical;
use domain::id::{SeatId, SessionId};
use domain::seal::ShareBinding;
use plans::InputDigest;
use rand_core::{CryptoRng, RngCore};

use crate::abort::Abort;
use crate::bans::Bans;
use crate::binding::{Agreed, Refused, Scheme};
use crate::dkls;
use crate::group::Group;
use crate::inbox::{Inbox, Round};
use crate::run::{MAX_INPUTS, Moved, Rounds, Runner};
use crate::session::Outgoing;
use crate::share::{Number, Secret};
use crate::wire::{Act, Header};

#[cfg(test)]
pub(crate) use nonces::Nonces;
pub(crate) use rounds::State;

/// A quorum about to sign.
pub(crate) struct Quorum<'a> {
    pub act: Act,
    pub session: SessionId,
    /// Of this seat.
    pub binding: &'a ShareBinding,
    pub seats: &'a [SeatId],
    pub group: &'a Group,
    pub secret: &'a Secret,
}

/// A quorum that is signing, one arm a scheme.
pub(crate) enum Signers {
    Frost(Box<Runner<State>>),
    Dkls(Box<Runner<dkls::signing::State>>),
}

/// What a message led to: one signature a digest, in the end.
pub(crate) enum Turn {
    Waiting(Signers, Vec<Outgoing>),
    Done(Vec<[u8; 64]>, Vec<Outgoing>),
}

impl Signers {
    pub fn handle(self, from: SeatId, bytes: &[u8]) -> Result<Turn, Abort> {
        Ok(match self {
            Signers::Frost(runner) => turn(runner.handle(from, bytes)?, Signers::Frost),
            Signers::Dkls(runner) => turn(runner.handle(from, bytes)?, Signers::Dkls),
        })
    }

    pub fn waiting_for(&self) -> Vec<SeatId> {
        match self {
            Signers::Frost(runner) => runner.waiting_for(),
            Signers::Dkls(runner) => runner.waiting_for(),
        }
    }
}

fn turn<R: Rounds<Output = Vec<[u8; 64]>>>(
    moved: Moved<R>,
    arm: impl FnOnce(Box<Runner<R>>) -> Signers,
) -> Turn {
    match moved {
        Moved::Waiting(runner, send) => Turn::Waiting(arm(Box::new(runner)), send),
        Moved::Done(signatures, send) => Turn::Done(signatures, send),
    }
}

impl Quorum<'_> {
    /// Begins the run: derives the child keys and makes the nonces, now and not before.
    pub fn start<R: RngCore + CryptoRng>(
        &self,
        digests: &[InputDigest],
        bans: &Bans,
        rng: &mut R,
    ) -> Result<(Signers, Vec<Outgoing>), Refused> {
        self.check(digests.len(), bans)?;
        let opening = self.agreed().tag();
        let hash = digests_hash(digests);
        let header = Header {
            scheme: self.group.scheme,
            act: self.act,
            me: self.binding.seat,
            opening,
            bound: bound(&opening, &hash),
        };
        match self.secret {
            Secret::Frost(number) => self.start_frost(number, digests, hash, header, rng),
            Secret::Dkls(root) => {
                let plan = dkls::signing::Plan {
                    tag: header.bound,
                    me: self.binding.seat,
                    seats: self.group.seats(),
                    digests: hash,
                };
                let jobs = dkls::signing::jobs(self.group, root, digests)?;
                let (state, body) = dkls::signing::open(plan, jobs, rng);
                let send = vec![header.to_all(dkls::signing::OPEN, &body)];
                let inbox = Inbox::new(header, self.seats, dkls::signing::form(digests.len()));
                Ok((Signers::Dkls(Box::new(Runner::new(inbox, state))), send))
            }
        }
    }

    fn start_frost<R: RngCore + CryptoRng>(
        &self,
        number: &Number,
        digests: &[InputDigest],
        hash: [u8; 32],
        header: Header,
        rng: &mut R,
    ) -> Result<(Signers, Vec<Outgoing>), Refused> {
        let inputs = self.inputs(number, digests, rng)?;
        let plan = rounds::Plan {
            tag: header.bound,
            me: self.binding.seat,
            digests: hash,
        };
        let (state, body) =
            rounds::open(plan, inputs).ok_or(Refused::Internal("the nonces' commitments"))?;
        let send = vec![header.to_all(rounds::COMMIT, &body)];
        let inbox = Inbox::new(header, self.seats, form(digests.len()));
        Ok((Signers::Frost(Box::new(Runner::new(inbox, state))), send))
    }

    fn check(&self, inputs: usize, bans: &Bans) -> Result<(), Refused> {
        self.agreed().check_seats(self.binding.seat, bans)?;
        let unknown = |seat: &&SeatId| !self.group.shares.contains_key(seat);
        if let Some(seat) = self.seats.iter().find(unknown) {
            return Err(Refused::UnknownSeat(*seat));
        }
        let (given, threshold) = (self.seats.len(), self.group.threshold);
        if given != usize::from(threshold) {
            return Err(Refused::SignerCount { given, threshold });
        }
        if !(1..=MAX_INPUTS).contains(&inputs) {
            return Err(Refused::InputCount(inputs));
        }
        match self.group.scheme {
            Scheme::Dkls23 if inputs > dkls::signing::MAX_DIGESTS => Err(Refused::TooManyDigests {
                given: inputs,
                max: dkls::signing::MAX_DIGESTS,
            }),
            Scheme::Dkls23 | Scheme::FrostTaproot => Ok(()),
        }
    }

    fn agreed(&self) -> Agreed<'_> {
        Agreed {
            act: self.act.name(),
            scheme: self.group.scheme,
            session: self.session,
            treasury: self.binding.treasury,
            vault: self.binding.vault,
            epoch: self.binding.epoch,
            threshold: self.group.threshold,
            total: self.group.shares.len(),
            seats: self.seats,
            key: self.group.key.serialize().to_vec(),
        }
    }

    fn inputs<R: RngCore + CryptoRng>(
        &self,
        number: &Number,
        digests: &[InputDigest],
        rng: &mut R,
    ) -> Result<Vec<rounds::Input>, Refused> {
        let secp = Secp256k1::verification_only();
        let mut known = BTreeSet::new();
        let mut inputs = Vec::with_capacity(digests.len());
        for (place, digest) in digests.iter().enumerate() {
            let missing = Refused::NoChild(place);
            let child = self.group.child(&secp, digest.path);
            let child = child.ok_or_else(|| missing.clone())?;
            let public = self.group.public_keys(&child, self.seats);
            let public = public.ok_or_else(|| missing.clone())?;
            let seat = self.binding.seat;
            let keys = number.child(seat, &child, self.group.threshold);
            let keys = keys.ok_or(missing)?;
            let input = rounds::Input::new(digest.sighash, keys, public, child.output, rng);
            for point in input.points().ok_or(Refused::Randomness)? {
                if !known.insert(point) {
                    return Err(Refused::Randomness);
                }
            }
            inputs.push(input);
        }
        Ok(inputs)
    }
}

/// The hash of everything that is signed, and with which child keys.
fn digests_hash(digests: &[InputDigest]) -> [u8; 32] {
    let start = Canonical::new("countersign/signing-digests/v1").number(digests.len() as u64);
    let add = |hash: Canonical, digest: &InputDigest| {
        hash.number(digest.path.keychain().into())
            .number(digest.path.index().into())
            .bytes(&digest.sighash)
    };
    digests.iter().fold(start, add).finish()
}

/// The tag from round 2 on: a share made for other digests is of another session.
fn bound(opening: &[u8; 32], digests: &[u8; 32]) -> [u8; 32] {
    Canonical::new("countersign/mpc-session-bound/v1")
        .bytes(opening)
        .bytes(digests)
        .finish()
}

/// The length of each round's message.
fn form(inputs: usize) -> Vec<Round> {
    let lengths = [
        rounds::HASH + inputs * 2 * rounds::POINT,
        rounds::HASH,
        inputs * rounds::SCALAR,
    ];
    let broadcast = |length| Round {
        private: false,
        length,
    };
    lengths.map(broadcast).to_vec()
}
