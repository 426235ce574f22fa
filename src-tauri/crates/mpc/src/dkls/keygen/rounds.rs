//! One type a round.

use std::collections::{BTreeMap, BTreeSet};

use dkls23::DkgSession;
use dkls23::protocols::dkg::{BroadcastDerivationPhase2to4, ProofCommitment};
use dkls23::protocols::{Parameters, PartyIndex};
use dkls23::utilities::proofs::DLogProof;
use domain::Canonical;
use domain::id::SeatId;
use k256_dkls::Scalar;
use k256_dkls::elliptic_curve::PrimeField;
use zeroize::Zeroizing;

use super::pairing::{self, Chain, Seeds};
use crate::abort::Fault;
use crate::acceptance::Trial;
use crate::binding::Scheme;
use crate::dkls::share::{compressed, point};
use crate::dkls::{Curve, Root, decode, encode, fault, index, no_address};
use crate::group::{Group, combine};
use crate::inbox::Body;
use crate::run::{Next, Rounds};
use crate::session::Outgoing;
use crate::share::{FreshShare, Secret};
use crate::sharing::{Confirmed, HASH, Plan, chain_code, commitment, differing};
use crate::wire::Header;

pub(super) const OPEN: u8 = 1;
const DEAL: u8 = 2;
const COMMIT: u8 = 3;
const REVEAL: u8 = 4;
const ECHO: u8 = 5;
pub(super) const PAIR: u8 = 6;
const CONFIRM: u8 = 7;

pub(super) const SCALAR: usize = 32;

type Bodies = BTreeMap<SeatId, Body>;
pub(crate) type Proofs = BTreeMap<SeatId, ProofCommitment<Curve>>;
/// Where the run is.
pub(crate) enum State {
    Opened(Opened),
    Dealt(Dealt),
    Committed(Committed),
    Revealed(Revealed),
    Echoed(Echoed),
    Paired(Paired),
    Confirmed(Confirmed),
}

/// The number is out.
pub(crate) struct Opened {
    plan: Plan,
    parameters: Parameters,
    me: PartyIndex,
    nonce: [u8; HASH],
}

/// What goes through all rounds that the library takes part in.
struct Run {
    plan: Plan,
    me: PartyIndex,
    /// On the heap, so that moving it leaves no copy behind.
    session: Box<DkgSession<Curve>>,
    /// The library's session id.
    id: [u8; HASH],
    /// The hash of everything that was broadcast so far.
    transcript: [u8; HASH],
}

/// The pieces are out.
pub(crate) struct Dealt {
    run: Run,
    own: Zeroizing<Scalar>,
}

/// The commitments are out.
pub(crate) struct Committed {
    run: Run,
    sent: Vec<u8>,
    reveal: Vec<u8>,
    proof: ProofCommitment<Curve>,
    chain: BroadcastDerivationPhase2to4,
}

/// The proof is out, the others' commitments are in.
pub(crate) struct Revealed {
    run: Run,
    reveal: Vec<u8>,
    proof: ProofCommitment<Curve>,
    chain: BroadcastDerivationPhase2to4,
    commits: Bodies,
}

/// The echo is out, the others' proofs are in.
pub(crate) struct Echoed {
    run: Run,
    proofs: Proofs,
    chain: BroadcastDerivationPhase2to4,
    commits: Bodies,
}

/// Seeds and base transfers are out; all seats saw the same proofs, and the key is known.
pub(crate) struct Paired {
    run: Run,
    proofs: Proofs,
    chain: Chain,
    commits: Bodies,
    group: Group,
}

impl State {
    pub fn new(plan: Plan, nonce: [u8; HASH]) -> Option<Self> {
        let threshold = u8::try_from(plan.threshold).ok()?;
        let total = u8::try_from(plan.seats.len()).ok()?;
        Some(State::Opened(Opened {
            parameters: Parameters::new(threshold, total).ok()?,
            me: index(&plan.seats, plan.binding.seat)?,
            plan,
            nonce,
        }))
    }
}

impl Rounds for State {
    type Output = (FreshShare, Trial);

    fn next(
        self,
        bodies: Bodies,
        header: &Header,
        send: &mut Vec<Outgoing>,
    ) -> Result<Next<Self>, Fault> {
        Ok(Next::Round(match self {
            State::Opened(state) => State::Dealt(state.next(bodies, header, send)?),
            State::Dealt(state) => {
                let committed = state.next(&bodies)?;
                send.push(header.to_all(COMMIT, &committed.sent));
                State::Committed(committed)
            }
            State::Committed(state) => {
                send.push(header.to_all(REVEAL, &state.reveal));
                State::Revealed(state.next(bodies))
            }
            State::Revealed(state) => {
                let echoed = state.next(bodies)?;
                send.push(header.to_all(ECHO, &echoed.run.transcript));
                State::Echoed(echoed)
            }
            State::Echoed(state) => State::Paired(state.next(&bodies, header, send)?),
            State::Paired(state) => {
                let confirmed = state.next(&bodies)?;
                send.push(header.to_all(CONFIRM, &confirmed.outcome));
                State::Confirmed(confirmed)
            }
            State::Confirmed(state) => return Ok(Next::Done(state.finish(&bodies)?)),
        }))
    }
}

impl Opened {
    fn next(
        self,
        opens: Bodies,
        header: &Header,
        send: &mut Vec<Outgoing>,
    ) -> Result<Dealt, Fault> {
        let Self {
            plan,
            parameters,
            me,
            nonce,
        } = self;
        let id = absorb(&plan.tag, OPEN, &plan, opens, &nonce);
        let session = Box::new(DkgSession::new(parameters, me, id.to_vec()));
        let pieces: Zeroizing<Vec<Scalar>> = Zeroizing::new(session.phase1());
        let mut own = None;
        for (seat, piece) in plan.seats.iter().zip(pieces.iter()) {
            if *seat == plan.binding.seat {
                own = Some(Zeroizing::new(*piece));
            } else {
                let body = Zeroizing::new(<[u8; SCALAR]>::from(piece.to_bytes()));
                send.push(header.to_seat(DEAL, *seat, body.as_slice()));
            }
        }
        let run = Run {
            plan,
            me,
            session,
            id,
            transcript: id,
        };
        let own = own.ok_or(Fault::Internal("a piece for every seat"))?;
        Ok(Dealt { run, own })
    }
}

impl Dealt {
    fn next(self, pieces: &Bodies) -> Result<Committed, Fault> {
        let mut run = self.run;
        // Exact capacity: a vector that grows leaves copies of secrets behind.
        let mut column = Zeroizing::new(Vec::with_capacity(run.plan.seats.len()));
        column.push(*self.own);
        for (seat, body) in pieces {
            let piece = scalar(body).ok_or(Fault::Undecodable {
                seat: *seat,
                round: DEAL,
            })?;
            column.push(*piece);
        }
        let made = run.session.phase2(&column);
        let (proof, seeds, chain) = made.map_err(|_| Fault::Internal("the library's phase 2"))?;
        let mut reveal = proof.commitment.to_vec();
        let bytes = encode(&proof.proof).ok_or(Fault::Internal("the encoding of the proof"))?;
        reveal.extend(bytes.iter());
        let mut sent = commitment(&run.plan.tag, run.plan.binding.seat, &reveal).to_vec();
        // In the order of the seats, without this one.
        seeds.iter().for_each(|seed| sent.extend(seed.commitment));
        Ok(Committed {
            run,
            sent,
            reveal,
            proof,
            chain,
        })
    }
}

impl Committed {
    fn next(self, commits: Bodies) -> Revealed {
        let mut run = self.run;
        run.absorb(COMMIT, commits.clone(), &self.sent);
        Revealed {
            run,
            reveal: self.reveal,
            proof: self.proof,
            chain: self.chain,
            commits,
        }
    }
}

impl Revealed {
    fn next(self, reveals: Bodies) -> Result<Echoed, Fault> {
        let mut run = self.run;
        let mut proofs = Proofs::new();
        for (seat, body) in &reveals {
            let hash = commitment(&run.plan.tag, *seat, body);
            let known = self.commits.get(seat).and_then(|commit| commit.get(..HASH));
            if known != Some(&hash) {
                return Err(Fault::RevealDiffers { seat: *seat });
            }
            let proof = parse(&run.plan.seats, *seat, body).ok_or(Fault::Undecodable {
                seat: *seat,
                round: REVEAL,
            })?;
            proofs.insert(*seat, proof);
        }
        proofs.insert(run.plan.binding.seat, self.proof);
        run.absorb(REVEAL, reveals, &self.reveal);
        Ok(Echoed {
            run,
            proofs,
            chain: self.chain,
            commits: self.commits,
        })
    }
}

impl Echoed {
    fn next(
        self,
        echoes: &Bodies,
        header: &Header,
        send: &mut Vec<Outgoing>,
    ) -> Result<Paired, Fault> {
        let mut run = self.run;
        let seats = differing(echoes, &run.transcript);
        if !seats.is_empty() {
            return Err(Fault::EchoDiffers { seats });
        }
        // Not before: with different session ids, honest proofs would not hold either.
        let own = run.plan.binding.seat;
        for (seat, one) in self.proofs.iter().filter(|(seat, _)| **seat != own) {
            if !DLogProof::decommit_verify(&one.proof, &one.commitment, &run.id) {
                return Err(Fault::ProofOfKnowledge { seat: *seat });
            }
        }
        distinct(own, &self.proofs)?;
        let group = group(&run, &self.proofs)?;
        let made = run.session.phase3();
        let (seeds, transfers, open) =
            made.map_err(|_| Fault::Internal("the library's phase 3"))?;
        let seeds = Seeds(seeds);
        pairing::write(&run.plan, &seeds, &transfers, header, send)?;
        let chain = Chain::alone(&run.plan.seats, &self.chain, &open);
        Ok(Paired {
            run,
            proofs: self.proofs,
            chain,
            commits: self.commits,
            group,
        })
    }
}

impl Paired {
    fn next(self, pairs: &Bodies) -> Result<Confirmed, Fault> {
        let run = self.run;
        let read = pairing::read(&run.plan, run.me, pairs, &self.commits)?;
        let proofs: Vec<_> = self.proofs.into_values().collect();
        let plan = run.plan;
        let made = run.session.phase4(
            &proofs,
            &read.commits,
            &read.seeds.0,
            &read.transfers,
            &self.chain.commits,
            &self.chain.opens,
            no_address,
        );
        let (party, _) = made.map_err(|abort| {
            let me = plan.binding.seat;
            fault(&abort, &plan.seats, me, Fault::NoCommonKey)
        })?;
        let root = Root::new(party, &plan.binding, &self.group)
            .ok_or(Fault::Internal("the share that was made"))?;
        let secret = Secret::Dkls(root);
        Ok(Confirmed::new(&plan, &run.transcript, self.group, secret))
    }
}

impl Run {
    fn absorb(&mut self, round: u8, others: Bodies, mine: &[u8]) {
        self.transcript = absorb(&self.transcript, round, &self.plan, others, mine);
    }
}

/// Goes on with the hash of everything that was broadcast.
fn absorb(before: &[u8; HASH], round: u8, plan: &Plan, others: Bodies, mine: &[u8]) -> [u8; HASH] {
    let mut all = others;
    all.insert(plan.binding.seat, Zeroizing::new(mine.to_vec()));
    let start = Canonical::new("countersign/dkls-keygen-transcript/v1")
        .bytes(before)
        .number(round.into())
        .number(all.len() as u64);
    let add = |hash: Canonical, (seat, body): (&SeatId, &Body)| {
        hash.number(seat.get().into()).bytes(body)
    };
    all.iter().fold(start, add).finish()
}

/// `None` for bytes that are no number of the field.
fn scalar(body: &[u8]) -> Option<Zeroizing<Scalar>> {
    let bytes = Zeroizing::new(<[u8; SCALAR]>::try_from(body).ok()?);
    Option::<Scalar>::from(Scalar::from_repr((*bytes).into())).map(Zeroizing::new)
}

fn parse(seats: &[SeatId], seat: SeatId, body: &[u8]) -> Option<ProofCommitment<Curve>> {
    let (commitment, proof) = body.split_first_chunk::<HASH>()?;
    Some(ProofCommitment {
        index: index(seats, seat)?,
        proof: decode(proof)?,
        commitment: *commitment,
    })
}

/// Honest seats never agree in a single point, nor in a commitment. Two equal contributions, each
/// with a valid proof, are the work of seats that share their secrets, or of randomness that repeats
/// itself.
pub(crate) fn distinct(me: SeatId, proofs: &Proofs) -> Result<(), Fault> {
    let mut known: BTreeMap<Vec<u8>, SeatId> = BTreeMap::new();
    for (seat, one) in proofs {
        let points = std::iter::once(&one.proof.point).chain(&one.proof.rand_commitments);
        let mut own: BTreeSet<Vec<u8>> = points.map(compressed).collect();
        own.insert(one.commitment.to_vec());
        for piece in own {
            if let Some(first) = known.insert(piece, *seat) {
                return Err(Fault::EqualContributions {
                    first,
                    second: *seat,
                    me,
                });
            }
        }
    }
    Ok(())
}

/// The key that the proven points determine, without the library's help.
fn group(run: &Run, proofs: &Proofs) -> Result<Group, Fault> {
    let (scheme, threshold) = (Scheme::Dkls23, run.plan.threshold);
    let share = |(seat, one): (&SeatId, &ProofCommitment<Curve>)| {
        Some((*seat, point(&compressed(&one.proof.point))?))
    };
    let shares: Option<BTreeMap<_, _>> = proofs.iter().map(share).collect();
    let shares = shares.ok_or(Fault::NoCommonKey)?;
    let key = combine(scheme, threshold, &shares).ok_or(Fault::NoCommonKey)?;
    let group = Group {
        scheme,
        epoch: run.plan.binding.epoch,
        threshold,
        key,
        chain_code: chain_code(&key.serialize(), &run.transcript),
        shares,
    };
    match Group::parse(scheme, &group.vault_key()) {
        Ok(parsed) if parsed == group => Ok(group),
        _ => Err(Fault::NoCommonKey),
    }
}
