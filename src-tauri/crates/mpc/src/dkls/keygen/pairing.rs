//! What each seat sends to each other seat alone once the key is known: a seed for shares of zero,
//! and the base oblivious transfers.

use std::collections::BTreeMap;

use dkls23::protocols::dkg::{
    BroadcastDerivationPhase2to4, BroadcastDerivationPhase3to4, TransmitInitMulPhase3to4,
    TransmitInitZeroSharePhase2to4, TransmitInitZeroSharePhase3to4,
};
use dkls23::protocols::{PartiesMessage, PartyIndex};
use domain::id::SeatId;
use zeroize::Zeroize;

use super::rounds::PAIR;
use crate::abort::Fault;
use crate::dkls::{Curve, decode, encode, index, seat};
use crate::inbox::Body;
use crate::session::Outgoing;
use crate::sharing::{HASH, Plan};
use crate::wire::Header;

type Transfer = TransmitInitMulPhase3to4<Curve>;

/// Seeds that are revealed, wiped on drop: the library's type does not do it.
pub(super) struct Seeds(pub Vec<TransmitInitZeroSharePhase3to4>);

impl Drop for Seeds {
    fn drop(&mut self) {
        for one in &mut self.0 {
            one.seed.zeroize();
            one.salt.zeroize();
        }
    }
}

/// What came from the others, with the commitments that the seeds must open.
pub(super) struct Pairs {
    pub commits: Vec<TransmitInitZeroSharePhase2to4>,
    pub seeds: Seeds,
    pub transfers: Vec<Transfer>,
}

/// To each other seat its seed and its transfers.
pub(super) fn write(
    plan: &Plan,
    seeds: &Seeds,
    transfers: &[Transfer],
    header: &Header,
    send: &mut Vec<Outgoing>,
) -> Result<(), Fault> {
    let wrong = Fault::Internal("a pair for every seat");
    for (seed, transfer) in seeds.0.iter().zip(transfers) {
        let (one, other) = (seed.parties.receiver, transfer.parties.receiver);
        let to = seat(&plan.seats, one).filter(|_| one == other);
        let (to, body) = to
            .zip(encode(&(seed, transfer)))
            .ok_or_else(|| wrong.clone())?;
        send.push(header.to_seat(PAIR, to, &body));
    }
    Ok(())
}

/// Reads what came. Every message must name its channel's sender, and this seat.
pub(super) fn read(
    plan: &Plan,
    me: PartyIndex,
    pairs: &BTreeMap<SeatId, Body>,
    commits: &BTreeMap<SeatId, Body>,
) -> Result<Pairs, Fault> {
    let mut read = Pairs {
        commits: Vec::new(),
        // Exact capacity: a vector that grows leaves copies of secrets behind.
        seeds: Seeds(Vec::with_capacity(pairs.len())),
        transfers: Vec::new(),
    };
    for (from, body) in pairs {
        let undecodable = Fault::Undecodable {
            seat: *from,
            round: PAIR,
        };
        let parties = PartiesMessage {
            sender: index(&plan.seats, *from).ok_or(Fault::Internal("a seat's place"))?,
            receiver: me,
        };
        let pair: Option<(TransmitInitZeroSharePhase3to4, Transfer)> = decode(body);
        let (seed, transfer) = pair.ok_or_else(|| undecodable.clone())?;
        let named = same(&seed.parties, &parties) && same(&transfer.parties, &parties);
        read.seeds.0.push(seed);
        read.transfers.push(transfer);
        if !named {
            return Err(undecodable);
        }
        let commitment = seed_commitment(plan, commits.get(from), *from)
            .ok_or(Fault::Internal("a commitment to every seed"))?;
        read.commits.push(TransmitInitZeroSharePhase2to4 {
            parties,
            commitment,
        });
    }
    Ok(read)
}

/// This seat's part of the library's agreement on a chain code, held with itself alone: what comes
/// of it is thrown away.
pub(super) struct Chain {
    pub commits: BTreeMap<PartyIndex, BroadcastDerivationPhase2to4>,
    pub opens: BTreeMap<PartyIndex, BroadcastDerivationPhase3to4>,
}

impl Chain {
    pub fn alone(
        seats: &[SeatId],
        commit: &BroadcastDerivationPhase2to4,
        open: &BroadcastDerivationPhase3to4,
    ) -> Self {
        let parties = || seats.iter().filter_map(|seat| index(seats, *seat));
        let commit = |sender_index| BroadcastDerivationPhase2to4 {
            sender_index,
            ..commit.clone()
        };
        let open = |sender_index| BroadcastDerivationPhase3to4 {
            sender_index,
            ..open.clone()
        };
        Self {
            commits: parties().map(|party| (party, commit(party))).collect(),
            opens: parties().map(|party| (party, open(party))).collect(),
        }
    }
}

/// The commitment of `from` to its seed for this seat.
fn seed_commitment(plan: &Plan, commit: Option<&Body>, from: SeatId) -> Option<[u8; HASH]> {
    let mut to = plan.seats.iter().filter(|seat| **seat != from);
    let place = to.position(|seat| *seat == plan.binding.seat)?;
    let seeds = commit?.get(HASH..)?;
    seeds.chunks_exact(HASH).nth(place)?.try_into().ok()
}

fn same(one: &PartiesMessage, other: &PartiesMessage) -> bool {
    (one.sender, one.receiver) == (other.sender, other.receiver)
}
