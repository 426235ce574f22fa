//! The rounds of a quorum's signatures, one type each.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::secp256k1::{Message, Secp256k1, XOnlyPublicKey, schnorr};
use domain::Canonical;
use domain::id::SeatId;
use frost_core::CheaterDetection;
use frost_secp256k1_tr as frost;
use frost_secp256k1_tr::keys::{KeyPackage, PublicKeyPackage, Tweak};
use frost_secp256k1_tr::round1::{NonceCommitment, SigningCommitments};
use frost_secp256k1_tr::round2::SignatureShare;
use rand_core::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use super::nonces::Nonces;
use crate::abort::Fault;
use crate::binding::Tag;
use crate::blame::culprits;
use crate::group::{identifier, point};
use crate::inbox::Body;
use crate::run::{Next, Rounds};
use crate::session::Outgoing;
use crate::wire::Header;

pub(super) const COMMIT: u8 = 1;
const ECHO: u8 = 2;
const SIGN: u8 = 3;

pub(super) const HASH: usize = 32;
pub(super) const POINT: usize = 33;
pub(super) const SCALAR: usize = 32;

type Bodies = BTreeMap<SeatId, Body>;
type ById<T> = BTreeMap<frost::Identifier, T>;

/// What this seat holds the others to.
pub(super) struct Plan {
    /// The session's tag, bound to the digests.
    pub tag: Tag,
    pub me: SeatId,
    /// The hash of what this seat computed and will sign.
    pub digests: [u8; HASH],
}

/// One thing to sign: the child key and the nonces for it.
pub(super) struct Input {
    sighash: [u8; 32],
    keys: KeyPackage,
    public: PublicKeyPackage,
    output: XOnlyPublicKey,
    nonces: Nonces,
    commitments: SigningCommitments,
}

/// Where the run is.
pub(crate) enum State {
    Committed(Committed),
    Echoed(Echoed),
    Signed(Signed),
}

/// The commitments are out.
pub(crate) struct Committed {
    plan: Plan,
    inputs: Vec<Input>,
    body: Vec<u8>,
}

/// The echo is out, the others' commitments are in.
pub(crate) struct Echoed {
    plan: Plan,
    inputs: Vec<(Input, frost::SigningPackage)>,
    echo: [u8; HASH],
}

/// The shares are out; the nonces are gone.
pub(crate) struct Signed {
    plan: Plan,
    jobs: Vec<Job>,
}

/// What it takes to put one signature together.
struct Job {
    package: frost::SigningPackage,
    public: PublicKeyPackage,
    output: XOnlyPublicKey,
    sighash: [u8; 32],
    mine: SignatureShare,
}

impl Input {
    pub fn new<R: RngCore + CryptoRng>(
        sighash: [u8; 32],
        keys: KeyPackage,
        public: PublicKeyPackage,
        output: XOnlyPublicKey,
        rng: &mut R,
    ) -> Self {
        let (nonces, commitments) = Nonces::new(&keys, rng);
        Self {
            sighash,
            keys,
            public,
            output,
            nonces,
            commitments,
        }
    }

    /// The two commitments, as they go out.
    pub fn points(&self) -> Option<[Vec<u8>; 2]> {
        let hiding = self.commitments.hiding().serialize().ok()?;
        let binding = self.commitments.binding().serialize().ok()?;
        Some([hiding, binding])
    }
}

/// The first state, and the message that it sends.
pub(super) fn open(plan: Plan, inputs: Vec<Input>) -> Option<(State, Vec<u8>)> {
    let mut body = plan.digests.to_vec();
    for input in &inputs {
        input.points()?.iter().for_each(|point| body.extend(point));
    }
    let committed = Committed {
        plan,
        inputs,
        body: body.clone(),
    };
    Some((State::Committed(committed), body))
}

impl Rounds for State {
    /// One BIP340 signature for each input.
    type Output = Vec<[u8; 64]>;

    fn next(
        self,
        bodies: Bodies,
        header: &Header,
        send: &mut Vec<Outgoing>,
    ) -> Result<Next<Self>, Fault> {
        Ok(match self {
            State::Committed(state) => {
                let echoed = state.next(bodies)?;
                send.push(header.to_all(ECHO, &echoed.echo));
                Next::Round(State::Echoed(echoed))
            }
            State::Echoed(state) => {
                let signed = state.next(&bodies)?;
                let shares = signed.jobs.iter().flat_map(|job| job.mine.serialize());
                send.push(header.to_all(SIGN, &shares.collect::<Vec<u8>>()));
                Next::Round(State::Signed(signed))
            }
            State::Signed(state) => Next::Done(state.finish(&bodies)?),
        })
    }
}

impl Committed {
    fn next(self, bodies: Bodies) -> Result<Echoed, Fault> {
        let plan = self.plan;
        let differs =
            |(seat, body): (&SeatId, &Body)| (!body.starts_with(&plan.digests)).then_some(*seat);
        let seats: Vec<SeatId> = bodies.iter().filter_map(differs).collect();
        if !seats.is_empty() {
            return Err(Fault::DigestsDiffer { seats });
        }
        let mut lists = BTreeMap::new();
        for (seat, body) in &bodies {
            lists.insert(*seat, parse(*seat, body)?.into_iter());
        }
        let mut inputs = Vec::with_capacity(self.inputs.len());
        for input in self.inputs {
            let mut commitments = ById::new();
            for (seat, list) in &mut lists {
                let entry = identifier(*seat).zip(list.next());
                let (id, theirs) = entry.ok_or(Fault::Internal("a commitment for every input"))?;
                commitments.insert(id, theirs);
            }
            commitments.insert(*input.keys.identifier(), input.commitments);
            let package = frost::SigningPackage::new(commitments, &input.sighash);
            inputs.push((input, package));
        }
        let mut all = bodies;
        all.insert(plan.me, Zeroizing::new(self.body));
        let echo = echo(&plan, &all);
        Ok(Echoed { plan, inputs, echo })
    }
}

impl Echoed {
    fn next(self, echoes: &Bodies) -> Result<Signed, Fault> {
        let differs =
            |(seat, echo): (&SeatId, &Body)| (echo.as_slice() != self.echo).then_some(*seat);
        let seats: Vec<SeatId> = echoes.iter().filter_map(differs).collect();
        if !seats.is_empty() {
            return Err(Fault::EchoDiffers { seats });
        }
        let sign = |(input, package): (Input, frost::SigningPackage)| {
            let mine = input.nonces.sign(&package, &input.keys);
            Ok::<Job, Fault>(Job {
                mine: mine.map_err(|_| Fault::Internal("this seat's own share"))?,
                package,
                public: input.public,
                output: input.output,
                sighash: input.sighash,
            })
        };
        Ok(Signed {
            plan: self.plan,
            jobs: self
                .inputs
                .into_iter()
                .map(sign)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl Signed {
    fn finish(self, bodies: &Bodies) -> Result<Vec<[u8; 64]>, Fault> {
        let mut signatures = Vec::with_capacity(self.jobs.len());
        for (input, job) in self.jobs.iter().enumerate() {
            let mut shares = ById::new();
            for (seat, body) in bodies {
                let undecodable = Fault::Undecodable {
                    seat: *seat,
                    round: SIGN,
                };
                let share = body.chunks_exact(SCALAR).nth(input);
                let share = share.and_then(|bytes| SignatureShare::deserialize(bytes).ok());
                let entry = identifier(*seat).zip(share);
                let (id, share) = entry.ok_or(undecodable)?;
                shares.insert(id, share);
            }
            let me = identifier(self.plan.me).ok_or(Fault::Internal("a seat's number"))?;
            shares.insert(me, job.mine);
            let peers: Vec<SeatId> = bodies.keys().copied().collect();
            signatures.push(job.aggregate(&shares, input, &peers)?);
        }
        Ok(signatures)
    }
}

impl Job {
    /// Puts a signature together and verifies it with libsecp256k1, under an output key that was
    /// derived without the library that signs. Where it fails, every bad share is found.
    fn aggregate(
        &self,
        shares: &ById<SignatureShare>,
        input: usize,
        peers: &[SeatId],
    ) -> Result<[u8; 64], Fault> {
        let public = self.public.clone().tweak::<&[u8]>(None);
        let all = CheaterDetection::AllCheaters;
        let made = frost_core::aggregate_custom(&self.package, shares, &public, all);
        let signature = made.map_err(|error| match culprits(&error, peers) {
            seats if seats.is_empty() => Fault::Signature { input },
            seats => Fault::SignatureShare { seats, input },
        })?;
        let invalid = Fault::Signature { input };
        let bytes = signature.serialize().ok();
        let bytes: Option<[u8; 64]> = bytes.and_then(|bytes| bytes.try_into().ok());
        let bytes = bytes.ok_or_else(|| invalid.clone())?;
        let parsed = schnorr::Signature::from_slice(&bytes).map_err(|_| invalid.clone())?;
        Secp256k1::verification_only()
            .verify_schnorr(&parsed, &Message::from_digest(self.sighash), &self.output)
            .map_err(|_| invalid)?;
        Ok(bytes)
    }
}

/// A seat's commitments, two points an input, none of them twice.
fn parse(seat: SeatId, body: &[u8]) -> Result<Vec<SigningCommitments>, Fault> {
    let undecodable = Fault::Undecodable {
        seat,
        round: COMMIT,
    };
    let points = body.get(HASH..).ok_or_else(|| undecodable.clone())?;
    let mut known = BTreeSet::new();
    let mut parsed = Vec::new();
    for bytes in points.chunks(POINT) {
        if !known.insert(bytes) {
            return Err(Fault::RepeatedNonce { seat });
        }
        let commitment = point(bytes).and_then(|_| NonceCommitment::deserialize(bytes).ok());
        parsed.push(commitment.ok_or_else(|| undecodable.clone())?);
    }
    let pairs = parsed.chunks_exact(2).map(|pair| match pair {
        [hiding, binding] => Ok(SigningCommitments::new(*hiding, *binding)),
        _ => Err(undecodable.clone()),
    });
    pairs.collect()
}

/// What all seats must have seen alike: every commitment, and what is signed.
fn echo(plan: &Plan, bodies: &Bodies) -> [u8; HASH] {
    let start = Canonical::new("countersign/signing-echo/v1")
        .bytes(&plan.tag)
        .bytes(&plan.digests)
        .number(bodies.len() as u64);
    let add = |hash: Canonical, (seat, body): (&SeatId, &Body)| {
        hash.number(seat.get().into()).bytes(body)
    };
    bodies.iter().fold(start, add).finish()
}
