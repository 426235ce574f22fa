//! The rounds of FROST's key generation, one type each.

use std::collections::{BTreeMap, BTreeSet};

use domain::Canonical;
use domain::id::SeatId;
use frost_secp256k1_tr as frost;
use frost_secp256k1_tr::keys::dkg::{self, round1, round2};
use zeroize::{Zeroize, Zeroizing};

use crate::abort::Fault;
use crate::acceptance::Trial;
use crate::binding::Scheme;
use crate::blame::culprits;
use crate::group::{Group, identifier, point};
use crate::inbox::Body;
use crate::run::{Next, Rounds};
use crate::session::Outgoing;
use crate::share::{FreshShare, Number, Secret, group_key};
use crate::sharing::{Confirmed, HASH, Plan, chain_code, commitment, differing};
use crate::wire::Header;

pub(super) const COMMIT: u8 = 1;
const REVEAL: u8 = 2;
const ECHO: u8 = 3;
const DEAL: u8 = 4;
const CONFIRM: u8 = 5;

pub(super) const POINT: usize = 33;
pub(super) const PROOF: usize = 64;
pub(super) const SCALAR: usize = 32;

type Bodies = BTreeMap<SeatId, Body>;
type Packages = BTreeMap<frost::Identifier, round1::Package>;

/// Where the run is.
pub(super) enum State {
    Committed(Committed),
    Revealed(Revealed),
    Echoed(Echoed),
    Dealt(Dealt),
    Confirmed(Confirmed),
}

/// The hash is out.
pub(super) struct Committed {
    plan: Plan,
    secret: round1::SecretPackage,
    contribution: Vec<u8>,
}

/// The contribution is out, the others' hashes are in.
pub(super) struct Revealed {
    plan: Plan,
    secret: round1::SecretPackage,
    contribution: Vec<u8>,
    hashes: Bodies,
}

/// The echo is out, the others' contributions are in and proven.
pub(super) struct Echoed {
    plan: Plan,
    secret: round2::SecretPackage,
    packages: Packages,
    pieces: BTreeMap<frost::Identifier, round2::Package>,
    transcript: [u8; HASH],
}

/// The pieces are out; all seats saw the same contributions.
pub(super) struct Dealt {
    plan: Plan,
    secret: round2::SecretPackage,
    packages: Packages,
    transcript: [u8; HASH],
}

/// The first state, and the hash of this seat's contribution.
pub(super) fn open(
    plan: Plan,
    secret: round1::SecretPackage,
    package: &round1::Package,
) -> Option<(State, [u8; HASH])> {
    let mut contribution = package.commitment().serialize_whole().ok()?;
    contribution.extend(package.proof_of_knowledge().serialize().ok()?);
    let hash = commitment(&plan.tag, plan.binding.seat, &contribution);
    let committed = Committed {
        plan,
        secret,
        contribution,
    };
    Some((State::Committed(committed), hash))
}

impl Rounds for State {
    type Output = (FreshShare, Trial);

    fn next(
        self,
        bodies: Bodies,
        header: &Header,
        send: &mut Vec<Outgoing>,
    ) -> Result<Next<Self>, Fault> {
        Ok(match self {
            State::Committed(state) => {
                send.push(header.to_all(REVEAL, &state.contribution));
                Next::Round(State::Revealed(state.next(bodies)))
            }
            State::Revealed(state) => {
                let echoed = state.next(bodies)?;
                send.push(header.to_all(ECHO, &echoed.transcript));
                Next::Round(State::Echoed(echoed))
            }
            State::Echoed(state) => Next::Round(State::Dealt(state.next(&bodies, header, send)?)),
            State::Dealt(state) => {
                let confirmed = state.next(&bodies)?;
                send.push(header.to_all(CONFIRM, &confirmed.outcome));
                Next::Round(State::Confirmed(confirmed))
            }
            State::Confirmed(state) => Next::Done(state.finish(&bodies)?),
        })
    }
}

impl Committed {
    fn next(self, hashes: Bodies) -> Revealed {
        let Self {
            plan,
            secret,
            contribution,
        } = self;
        Revealed {
            plan,
            secret,
            contribution,
            hashes,
        }
    }
}

impl Revealed {
    fn next(self, reveals: Bodies) -> Result<Echoed, Fault> {
        let plan = self.plan;
        for (seat, body) in &reveals {
            let hash = commitment(&plan.tag, *seat, body);
            if self.hashes.get(seat).map(|known| known.as_slice()) != Some(&hash) {
                return Err(Fault::RevealDiffers { seat: *seat });
            }
        }
        let packages = parse(&reveals)?;
        let (secret, pieces) = dkg::part2(self.secret, &packages).map_err(|error| {
            let guilty = culprits(&error, &plan.seats).first().copied();
            guilty.map_or(Fault::Internal("the library's second part"), |seat| {
                Fault::ProofOfKnowledge { seat }
            })
        })?;
        let mut all = reveals;
        all.insert(plan.binding.seat, Zeroizing::new(self.contribution));
        distinct(&plan, &all)?;
        let transcript = transcript(&plan, &all);
        Ok(Echoed {
            plan,
            secret,
            packages,
            pieces,
            transcript,
        })
    }
}

impl Echoed {
    fn next(
        self,
        echoes: &Bodies,
        header: &Header,
        send: &mut Vec<Outgoing>,
    ) -> Result<Dealt, Fault> {
        let seats = differing(echoes, &self.transcript);
        if !seats.is_empty() {
            return Err(Fault::EchoDiffers { seats });
        }
        for seat in echoes.keys() {
            let piece = identifier(*seat).and_then(|id| self.pieces.get(&id));
            let piece = piece.ok_or(Fault::Internal("a piece for every seat"))?;
            let body = Zeroizing::new(piece.signing_share().serialize());
            send.push(header.to_seat(DEAL, *seat, &body));
        }
        Ok(Dealt {
            plan: self.plan,
            secret: self.secret,
            packages: self.packages,
            transcript: self.transcript,
        })
    }
}

impl Dealt {
    fn next(self, pieces: &Bodies) -> Result<Confirmed, Fault> {
        let mut dealt = BTreeMap::new();
        for (seat, body) in pieces {
            let undecodable = Fault::Undecodable {
                seat: *seat,
                round: DEAL,
            };
            let id = identifier(*seat).ok_or(Fault::Internal("a seat's number"))?;
            let mut piece =
                frost::keys::SigningShare::deserialize(body).map_err(|_| undecodable)?;
            dealt.insert(id, round2::Package::new(piece));
            piece.zeroize();
        }
        let made = dkg::part3(&self.secret, &self.packages, &dealt);
        let (key, public) = made.map_err(|error| {
            let guilty = culprits(&error, &self.plan.seats).first().copied();
            guilty.map_or(Fault::Internal("the library's third part"), |seat| {
                Fault::SecretShare { seat }
            })
        })?;
        let group = group(&self.plan, &public, &self.transcript)
            .ok_or(Fault::Internal("the group's public key"))?;
        let secret = Number::from_share(key.signing_share())
            .map(Secret::Frost)
            .ok_or(Fault::Internal("the share that was made"))?;
        Ok(Confirmed::new(&self.plan, &self.transcript, group, secret))
    }
}

/// Everything that was broadcast. The hashes of round 1 follow from it.
fn transcript(plan: &Plan, contributions: &Bodies) -> [u8; HASH] {
    let start = Canonical::new("countersign/keygen-transcript/v1")
        .bytes(&plan.tag)
        .number(contributions.len() as u64);
    let add = |hash: Canonical, (seat, body): (&SeatId, &Body)| {
        hash.number(seat.get().into()).bytes(body)
    };
    contributions.iter().fold(start, add).finish()
}

fn group(plan: &Plan, public: &frost::keys::PublicKeyPackage, transcript: &[u8]) -> Option<Group> {
    let key = group_key(public.verifying_key())?;
    let share = |seat: &SeatId| {
        let share = public.verifying_shares().get(&identifier(*seat)?)?;
        Some((*seat, point(&share.serialize().ok()?)?))
    };
    let group = Group {
        scheme: Scheme::FrostTaproot,
        epoch: plan.binding.epoch,
        threshold: plan.threshold,
        key,
        chain_code: chain_code(&key.serialize(), transcript),
        shares: plan.seats.iter().map(share).collect::<Option<_>>()?,
    };
    // The checks of a key that comes from a journal hold for one's own work as well.
    (Group::parse(group.scheme, &group.vault_key()).as_ref() == Ok(&group)).then_some(group)
}

fn parse(reveals: &Bodies) -> Result<Packages, Fault> {
    let parse = |(seat, body): (&SeatId, &Body)| {
        let package = identifier(*seat).zip(parse_contribution(body));
        package.ok_or(Fault::Undecodable {
            seat: *seat,
            round: REVEAL,
        })
    };
    reveals.iter().map(parse).collect()
}

fn parse_contribution(body: &[u8]) -> Option<round1::Package> {
    let (points, proof) = body.split_last_chunk::<PROOF>()?;
    let commitment =
        frost::keys::VerifiableSecretSharingCommitment::deserialize_whole(points).ok()?;
    let proof = frost::Signature::deserialize(proof).ok()?;
    // SEC1 has more than one way to write a point; only the one that is written back is taken, else
    // equal contributions could look different.
    if commitment.serialize_whole().ok()? != points {
        return None;
    }
    Some(round1::Package::new(commitment, proof))
}

/// Honest seats never agree in a single point. Two equal contributions, each with a valid proof,
/// are the work of seats that share their secrets, or of randomness that repeats itself.
fn distinct(plan: &Plan, contributions: &Bodies) -> Result<(), Fault> {
    let mut known: BTreeMap<&[u8], SeatId> = BTreeMap::new();
    for (seat, body) in contributions {
        let (points, proof) = body
            .split_last_chunk::<PROOF>()
            .ok_or(Fault::Internal("a contribution's length"))?;
        let pieces = points.chunks(POINT).chain(proof.chunks(SCALAR));
        let own: BTreeSet<&[u8]> = pieces.collect();
        for piece in own {
            if let Some(first) = known.insert(piece, *seat) {
                return Err(Fault::EqualContributions {
                    first,
                    second: *seat,
                    me: plan.binding.seat,
                });
            }
        }
    }
    Ok(())
}
