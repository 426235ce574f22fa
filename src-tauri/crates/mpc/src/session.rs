//! The shape of every session, whatever protocol runs inside.

use std::fmt;

use domain::id::SeatId;
use rand_core::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use crate::abort::Abort;

/// A protocol run at one seat: fed with messages, it answers with messages and, in the end, with
/// its output.
pub trait Session: Sized {
    /// What a finished run gives.
    type Output;

    /// Takes in one message from an authenticated seat.
    ///
    /// The session is consumed: after an [`Abort`] there is nothing left to go on with. An exact
    /// duplicate, and a message from a seat that takes no part in the session, change nothing. A
    /// message for a later round is kept until that round begins.
    fn handle<R: RngCore + CryptoRng>(
        self,
        from: SeatId,
        bytes: &[u8],
        rng: &mut R,
    ) -> Result<Step<Self>, Abort>;

    /// The seats whose message for the present round has not come: whom a time-out can name.
    fn waiting_for(&self) -> Vec<SeatId>;
}

/// What a message led to.
#[must_use]
pub enum Step<S: Session> {
    /// More messages are needed.
    Waiting {
        /// The session, to go on with.
        session: S,
        /// What is to be sent; may be empty.
        send: Vec<Outgoing>,
    },
    /// The run is over at this seat. What is to be sent may still be needed by others.
    Done {
        /// What came of it.
        output: S::Output,
        /// What is still to be sent.
        send: Vec<Outgoing>,
    },
}

impl<S: Session> fmt::Debug for Step<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Waiting { send, .. } => f.debug_struct("Waiting").field("send", send).finish(),
            Step::Done { send, .. } => f.debug_struct("Done").field("send", send).finish(),
        }
    }
}

/// For whom a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recipient {
    /// Every other seat of the session.
    All,
    /// One seat alone, over a channel that nobody else can read.
    Seat(SeatId),
}

/// A message to carry.
pub struct Outgoing {
    /// For whom.
    pub to: Recipient,
    /// The message, wiped on drop: one to a single seat can hold a piece of a secret.
    pub bytes: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outgoing({:?}, <redacted>)", self.to)
    }
}
