//! Takes messages in: one a seat and round, of the one length it can have, and never two different.

use std::collections::BTreeMap;

use domain::Canonical;
use domain::id::SeatId;
use zeroize::Zeroizing;

use crate::abort::Fault;
use crate::wire::{Header, Opened};

/// The body of a message; it can hold a piece of a secret.
pub(crate) type Body = Zeroizing<Vec<u8>>;

/// How the messages of one round look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    /// To each seat its own message, rather than one to all.
    pub private: bool,
    /// The only length of a body.
    pub length: usize,
}

/// Messages that came, in bounded space: at most one body a peer and round.
pub(crate) struct Inbox {
    pub header: Header,
    peers: Vec<SeatId>,
    rounds: Vec<Round>,
    /// The round that is being collected.
    current: u8,
    bodies: BTreeMap<(u8, SeatId), Body>,
    /// Hashes of all messages taken in, to tell a duplicate from a second face.
    seen: BTreeMap<(u8, SeatId), [u8; 32]>,
}

impl Inbox {
    /// An empty inbox for messages of all seats but `header.me`, waiting for round 1.
    pub fn new(header: Header, seats: &[SeatId], rounds: Vec<Round>) -> Self {
        let me = header.me;
        Self {
            header,
            peers: seats.iter().copied().filter(|seat| *seat != me).collect(),
            rounds,
            current: 1,
            bodies: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }

    /// Takes a message in. Those of strangers, and exact duplicates, change nothing: else a seat
    /// that is not among the signers could stop every session.
    pub fn accept(&mut self, seat: SeatId, bytes: &[u8]) -> Result<(), Fault> {
        if !self.peers.contains(&seat) {
            return Ok(());
        }
        let message = self.header.open(seat, bytes)?;
        let round = message.round;
        self.check_form(seat, &message)?;
        let hash = Canonical::new("countersign/mpc-message/v1")
            .bytes(bytes)
            .finish();
        match self.seen.get(&(round, seat)) {
            Some(known) if *known == hash => Ok(()),
            Some(_) => Err(Fault::Equivocation { seat, round }),
            None => {
                self.seen.insert((round, seat), hash);
                let body = Zeroizing::new(message.body.to_vec());
                self.bodies.insert((round, seat), body);
                Ok(())
            }
        }
    }

    fn check_form(&self, seat: SeatId, message: &Opened<'_>) -> Result<(), Fault> {
        let number = message.round;
        let unknown = Fault::UnknownRound {
            seat,
            round: number,
        };
        let form = usize::from(number)
            .checked_sub(1)
            .and_then(|place| self.rounds.get(place))
            .ok_or(unknown)?;
        if form.private != message.private {
            return Err(Fault::OtherRecipient { seat });
        }
        let (got, wanted) = (message.body.len(), form.length);
        if got != wanted {
            return Err(Fault::Length {
                seat,
                round: number,
                got,
                wanted,
            });
        }
        Ok(())
    }

    /// All messages of the present round, once they are all there; the next round begins.
    pub fn take(&mut self) -> Option<BTreeMap<SeatId, Body>> {
        if !self.waiting_for().is_empty() {
            return None;
        }
        let round = self.current;
        self.current = round.checked_add(1)?;
        let take = |seat: &SeatId| Some((*seat, self.bodies.remove(&(round, *seat))?));
        self.peers.iter().map(take).collect()
    }

    /// Peers whose message for the present round is missing.
    pub fn waiting_for(&self) -> Vec<SeatId> {
        let missing = |seat: &SeatId| !self.bodies.contains_key(&(self.current, *seat));
        self.peers.iter().copied().filter(|s| missing(s)).collect()
    }
}
