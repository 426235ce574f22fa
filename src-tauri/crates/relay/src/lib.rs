//! The relay: carries protocol messages between the seats of a session. It orders and delivers; it is
//! never trusted: whoever receives checks what it got, and sets its own deadlines.
//!
//! [`Hub`] is the relay inside one machine. A relay between machines takes its place behind
//! [`Relay`] and [`Port`].

mod hub;
mod tamper;

#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;

use domain::{SeatId, SessionId};
use zeroize::Zeroizing;

pub use hub::{Hub, HubPort};
pub use tamper::{Letter, Tamper};

/// Largest message. Key generation among fifteen seats stays far below it.
pub const MAX_MESSAGE: usize = 256 * 1024;
/// Messages of one sender that may wait for one receiver: more than any protocol's rounds, and one
/// seat's flood takes no room from the others.
pub const MAX_WAITING: usize = 32;

/// Lets seats into sessions.
pub trait Relay: Send + Sync {
    /// A seat's way in and out.
    type Port: Port;

    /// Joins a session as `seat`, for good: nobody else joins as it, not even after the port is gone.
    fn join(&self, session: SessionId, seat: SeatId) -> Result<Self::Port, JoinError>;

    /// Ends a session for all seats. Its id is never used again.
    fn close(&self, session: SessionId);
}

/// One seat's place in one session.
pub trait Port: Send {
    /// The seat that this port speaks for.
    fn seat(&self) -> SeatId;

    /// Sends bytes to another seat; they wait until it has joined and takes them.
    fn send(
        &self,
        to: SeatId,
        bytes: impl Into<Zeroizing<Vec<u8>>> + Send,
    ) -> impl Future<Output = Result<(), SendError>> + Send;

    /// Waits for the next message, without a limit: deadlines are the caller's. A call that is
    /// cancelled loses no message.
    fn recv(&mut self) -> impl Future<Output = Result<Message, Closed>> + Send;
}

/// What a seat receives. The bytes may hold a share: they are wiped and not shown.
pub struct Message {
    /// Who sent it, as the relay knows.
    pub from: SeatId,
    /// What was sent.
    pub bytes: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("from", &self.from)
            .field("bytes", &format_args!("<redacted>"))
            .finish()
    }
}

/// Why a seat can't join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// Somebody is, or was, there as this seat.
    #[error(
        "seat {0} has already joined this session; a seat joins once, a new try needs a new session"
    )]
    Taken(SeatId),
    /// The session has ended.
    #[error("the session has ended; a new try needs a new session")]
    Closed,
}

/// Why a message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Larger than [`MAX_MESSAGE`].
    #[error("the message has {0} bytes, at most {MAX_MESSAGE} are carried; nothing was sent")]
    TooLarge(usize),
    /// The receiver does not take what waits for it.
    #[error(
        "{MAX_WAITING} messages already wait for seat {0}, which takes none; nothing was sent, end the session"
    )]
    Full(SeatId),
    /// The receiver has left.
    #[error("seat {0} has left the session; nothing was sent, end the session")]
    Left(SeatId),
    /// A seat wrote to itself.
    #[error("seat {0} sends to itself; that never crosses the relay")]
    ToItself(SeatId),
    /// The session has ended.
    #[error(transparent)]
    Closed(#[from] Closed),
}

/// The session has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session has ended; a new try needs a new session")]
pub struct Closed;
