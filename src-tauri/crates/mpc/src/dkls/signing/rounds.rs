//! One type a round.

use std::collections::BTreeMap;

use bitcoin::hex::FromHex;
use bitcoin::secp256k1::{PublicKey, Secp256k1};
use dkls23::protocols::signing::{
    Broadcast3to4, KeepPhase1to2, KeepPhase2to3, SignData, TransmitPhase1to2, TransmitPhase2to3,
    UniqueKeep1to2, UniqueKeep2to3,
};
use dkls23::protocols::{PartiesMessage, PartyIndex};
use domain::Canonical;
use domain::id::SeatId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::{PRODUCT, SHARE, TRANSFER};
use crate::abort::Fault;
use crate::binding::Tag;
use crate::dkls::{Curve, Party, decode, encode, fault, index, seat, verify};
use crate::inbox::Body;
use crate::run::{Next, Rounds};
use crate::session::Outgoing;
use crate::sharing::HASH;
use crate::wire::Header;

pub(crate) const OPEN: u8 = 1;
const COMMIT: u8 = 2;
const MULTIPLY: u8 = 3;
const SIGN: u8 = 4;

type Bodies = BTreeMap<SeatId, Body>;

/// What this seat holds the others to.
pub(crate) struct Plan {
    /// The session's tag, bound to the digests.
    pub tag: Tag,
    pub me: SeatId,
    /// All seats of the vault: a seat's place among them is its name to the library.
    pub seats: Vec<SeatId>,
    /// The hash of what this seat computed and will sign.
    pub digests: [u8; HASH],
}

/// One thing to sign, with the state of the child key.
pub(crate) struct Job {
    pub party: Box<Party>,
    pub key: PublicKey,
    pub digest: [u8; 32],
}

/// Where the run is.
pub(crate) enum State {
    Opened(Opened),
    Committed(Committed),
    Multiplied(Multiplied),
    Signed(Signed),
}

/// The digests' hash is out.
pub(crate) struct Opened {
    plan: Plan,
    jobs: Vec<Job>,
    sent: Vec<u8>,
}

/// One signature in the making, with what is kept for each peer.
struct Run<U, K> {
    job: Job,
    data: SignData,
    unique: U,
    kept: BTreeMap<PartyIndex, K>,
}

/// Commitments and transfers are out.
pub(crate) struct Committed {
    plan: Plan,
    echo: [u8; HASH],
    runs: Vec<Run<UniqueKeep1to2<Curve>, KeepPhase1to2<Curve>>>,
}

/// The products are out.
pub(crate) struct Multiplied {
    plan: Plan,
    runs: Vec<Run<UniqueKeep2to3<Curve>, KeepPhase2to3<Curve>>>,
}

/// The shares are out; nothing of the nonces is left.
pub(crate) struct Signed {
    plan: Plan,
    runs: Vec<Share>,
}

/// What it takes to put one signature together.
struct Share {
    job: Job,
    data: SignData,
    r: String,
    mine: Broadcast3to4<Curve>,
}

impl State {
    pub fn new(plan: Plan, jobs: Vec<Job>, sent: Vec<u8>) -> Self {
        State::Opened(Opened { plan, jobs, sent })
    }
}

impl Rounds for State {
    /// One ECDSA signature for each digest.
    type Output = Vec<[u8; 64]>;

    fn next(
        self,
        bodies: Bodies,
        header: &Header,
        send: &mut Vec<Outgoing>,
    ) -> Result<Next<Self>, Fault> {
        Ok(Next::Round(match self {
            State::Opened(state) => State::Committed(state.next(bodies, header, send)?),
            State::Committed(state) => State::Multiplied(state.next(&bodies, header, send)?),
            State::Multiplied(state) => {
                let signed = state.next(&bodies)?;
                let mut shares = Vec::with_capacity(signed.runs.len() * SHARE);
                for run in &signed.runs {
                    let share =
                        encode(&run.mine).ok_or(Fault::Internal("this seat's own share"))?;
                    shares.extend(share.iter());
                }
                send.push(header.to_all(SIGN, &shares));
                State::Signed(signed)
            }
            State::Signed(state) => return Ok(Next::Done(state.finish(&bodies)?)),
        }))
    }
}

impl Opened {
    fn next(
        self,
        opens: Bodies,
        header: &Header,
        send: &mut Vec<Outgoing>,
    ) -> Result<Committed, Fault> {
        let plan = self.plan;
        let seats = starting_otherwise(&opens, &plan.digests);
        if !seats.is_empty() {
            return Err(Fault::DigestsDiffer { seats });
        }
        let peers: Vec<SeatId> = opens.keys().copied().collect();
        let places = peers.iter().map(|one| index(&plan.seats, *one));
        let counterparties: Option<Vec<_>> = places.collect();
        let counterparties = counterparties.ok_or(Fault::Internal("a seat's place"))?;
        let mut all = opens;
        all.insert(plan.me, Zeroizing::new(self.sent));
        let echo = echo(&plan, &all);
        let mut letters = Letters::new(&peers, &echo, self.jobs.len() * TRANSFER);
        let mut runs = Vec::with_capacity(self.jobs.len());
        for (input, job) in self.jobs.into_iter().enumerate() {
            let data = SignData {
                sign_id: sign_id(&plan.tag, &echo, input),
                counterparties: counterparties.clone(),
                message_hash: job.digest,
            };
            let made = job.party.sign_phase1(&data);
            let (unique, kept, messages) =
                made.map_err(|_| Fault::Internal("the library's phase 1"))?;
            for message in &messages {
                letters.add(&plan.seats, message.parties.receiver, message)?;
            }
            runs.push(Run {
                job,
                data,
                unique,
                kept,
            });
        }
        letters.send(COMMIT, header, send);
        Ok(Committed { plan, echo, runs })
    }
}

impl Committed {
    fn next(
        self,
        bodies: &Bodies,
        header: &Header,
        send: &mut Vec<Outgoing>,
    ) -> Result<Multiplied, Fault> {
        let plan = self.plan;
        let seats = starting_otherwise(bodies, &self.echo);
        if !seats.is_empty() {
            return Err(Fault::EchoDiffers { seats });
        }
        let peers: Vec<SeatId> = bodies.keys().copied().collect();
        let mut letters = Letters::new(&peers, &[], self.runs.len() * PRODUCT);
        let mut runs = Vec::with_capacity(self.runs.len());
        for (input, run) in self.runs.into_iter().enumerate() {
            let Run {
                job,
                data,
                unique,
                kept,
            } = run;
            let received: Vec<TransmitPhase1to2> =
                plan.read(bodies, COMMIT, HASH + input * TRANSFER, TRANSFER)?;
            plan.check(bodies, COMMIT, received.iter().map(|one| &one.parties))?;
            let made = job.party.sign_phase2(&data, unique, kept, &received);
            let (unique, kept, messages) = made
                .map_err(|abort| fault(&abort, &plan.seats, plan.me, Fault::Signature { input }))?;
            for message in &messages {
                letters.add(&plan.seats, message.parties.receiver, message)?;
            }
            runs.push(Run {
                job,
                data,
                unique,
                kept,
            });
        }
        letters.send(MULTIPLY, header, send);
        Ok(Multiplied { plan, runs })
    }
}

impl Multiplied {
    fn next(self, bodies: &Bodies) -> Result<Signed, Fault> {
        let plan = self.plan;
        let mut runs = Vec::with_capacity(self.runs.len());
        for (input, run) in self.runs.into_iter().enumerate() {
            let Run {
                job,
                data,
                unique,
                kept,
            } = run;
            let received: Vec<TransmitPhase2to3<Curve>> =
                plan.read(bodies, MULTIPLY, input * PRODUCT, PRODUCT)?;
            plan.check(bodies, MULTIPLY, received.iter().map(|one| &one.parties))?;
            let made = job.party.sign_phase3(&data, unique, kept, &received);
            let (r, mine) = made
                .map_err(|abort| fault(&abort, &plan.seats, plan.me, Fault::Signature { input }))?;
            runs.push(Share { job, data, r, mine });
        }
        Ok(Signed { plan, runs })
    }
}

impl Signed {
    fn finish(self, bodies: &Bodies) -> Result<Vec<[u8; 64]>, Fault> {
        let secp = Secp256k1::verification_only();
        let mut signatures = Vec::with_capacity(self.runs.len());
        for (input, run) in self.runs.into_iter().enumerate() {
            let Share { job, data, r, mine } = run;
            let mut shares: Vec<Broadcast3to4<Curve>> =
                self.plan.read(bodies, SIGN, input * SHARE, SHARE)?;
            shares.push(mine);
            let invalid = Fault::Signature { input };
            let (s, _) = job
                .party
                .sign_phase4(&data, &r, &shares, true)
                .map_err(|_| invalid.clone())?;
            let signature = <[u8; 64]>::from_hex(&format!("{r}{s}"));
            let signature = signature.map_err(|_| invalid.clone())?;
            if !verify(&secp, &job.key, job.digest, &signature) {
                return Err(invalid);
            }
            signatures.push(signature);
        }
        Ok(signatures)
    }
}

impl Plan {
    /// One message of each peer, from the same place of its body.
    fn read<T: Serialize + DeserializeOwned>(
        &self,
        bodies: &Bodies,
        round: u8,
        start: usize,
        length: usize,
    ) -> Result<Vec<T>, Fault> {
        let read = |(seat, body): (&SeatId, &Body)| {
            let bytes = body.get(start..).and_then(|rest| rest.get(..length));
            bytes
                .and_then(decode)
                .ok_or(Fault::Undecodable { seat: *seat, round })
        };
        bodies.iter().map(read).collect()
    }

    /// Every message names its channel's sender, and this seat.
    fn check<'a>(
        &self,
        bodies: &Bodies,
        round: u8,
        parties: impl Iterator<Item = &'a PartiesMessage>,
    ) -> Result<(), Fault> {
        let me = index(&self.seats, self.me);
        for (seat, parties) in bodies.keys().zip(parties) {
            let sender = index(&self.seats, *seat);
            if (Some(parties.sender), Some(parties.receiver)) != (sender, me) {
                return Err(Fault::Undecodable { seat: *seat, round });
            }
        }
        Ok(())
    }
}

/// Bodies for each peer, filled digest by digest.
struct Letters(Bodies);

impl Letters {
    /// Exact capacity: a vector that grows leaves copies of secrets behind.
    fn new(peers: &[SeatId], head: &[u8], length: usize) -> Self {
        let body = |seat: &SeatId| {
            let mut body = Zeroizing::new(Vec::with_capacity(head.len() + length));
            body.extend(head);
            (*seat, body)
        };
        Self(peers.iter().map(body).collect())
    }

    fn add<T: Serialize>(
        &mut self,
        seats: &[SeatId],
        to: PartyIndex,
        message: &T,
    ) -> Result<(), Fault> {
        let body = seat(seats, to).and_then(|to| self.0.get_mut(&to));
        let (body, bytes) = body
            .zip(encode(message))
            .ok_or(Fault::Internal("a message for every peer"))?;
        body.extend(bytes.iter());
        Ok(())
    }

    fn send(self, round: u8, header: &Header, send: &mut Vec<Outgoing>) {
        for (seat, body) in &self.0 {
            send.push(header.to_seat(round, *seat, body));
        }
    }
}

/// Seats whose message does not begin with this hash.
fn starting_otherwise(bodies: &Bodies, hash: &[u8; HASH]) -> Vec<SeatId> {
    let differs = |(seat, body): (&SeatId, &Body)| (!body.starts_with(hash)).then_some(*seat);
    bodies.iter().filter_map(differs).collect()
}

/// What all seats must have opened alike.
fn echo(plan: &Plan, opens: &Bodies) -> [u8; HASH] {
    let start = Canonical::new("countersign/dkls-signing-echo/v1")
        .bytes(&plan.tag)
        .number(opens.len() as u64);
    let add = |hash: Canonical, (seat, body): (&SeatId, &Body)| {
        hash.number(seat.get().into()).bytes(body)
    };
    opens.iter().fold(start, add).finish()
}

/// The library's id of one signature. It is fresh if the number of a single seat is.
fn sign_id(tag: &Tag, echo: &[u8; HASH], input: usize) -> Vec<u8> {
    Canonical::new("countersign/dkls-sign-id/v1")
        .bytes(tag)
        .bytes(echo)
        .number(input as u64)
        .finish()
        .to_vec()
}
