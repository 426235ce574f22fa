//! Runs typed rounds over an inbox: the one loop under every session.

use std::collections::BTreeMap;

use domain::id::SeatId;

use crate::abort::{Abort, Fault};
use crate::inbox::{Body, Inbox};
use crate::session::Outgoing;
use crate::wire::Header;

/// More inputs than fit into a standard transaction (400,000 weight units, 230 an input): bounds
/// the work and the memory that one session can take.
pub(crate) const MAX_INPUTS: usize = 1_740;

/// The states of a protocol: one type a round inside, one enum outside.
pub(crate) trait Rounds: Sized {
    type Output;

    /// Goes on with all messages of a round.
    fn next(
        self,
        bodies: BTreeMap<SeatId, Body>,
        header: &Header,
        send: &mut Vec<Outgoing>,
    ) -> Result<Next<Self>, Fault>;
}

/// Where a round leads.
pub(crate) enum Next<R: Rounds> {
    Round(R),
    Done(R::Output),
}

/// A running protocol.
pub(crate) struct Runner<R: Rounds> {
    inbox: Inbox,
    state: R,
}

/// What a message led to.
pub(crate) enum Moved<R: Rounds> {
    Waiting(Runner<R>, Vec<Outgoing>),
    Done(R::Output, Vec<Outgoing>),
}

impl<R: Rounds> Runner<R> {
    pub fn new(inbox: Inbox, state: R) -> Self {
        Self { inbox, state }
    }

    /// Takes a message in and goes through every round that is complete.
    pub fn handle(self, from: SeatId, bytes: &[u8]) -> Result<Moved<R>, Abort> {
        let Self {
            mut inbox,
            mut state,
        } = self;
        let mut send = Vec::new();
        inbox.accept(from, bytes)?;
        while let Some(bodies) = inbox.take() {
            match state.next(bodies, &inbox.header, &mut send)? {
                Next::Round(next) => state = next,
                Next::Done(output) => return Ok(Moved::Done(output, send)),
            }
        }
        Ok(Moved::Waiting(Self { inbox, state }, send))
    }

    pub fn waiting_for(&self) -> Vec<SeatId> {
        self.inbox.waiting_for()
    }
}
