//! One protocol run at one seat, carried over the relay.

use std::time::Duration;

use domain::SeatId;
use mpc::{Abort, Outgoing, Recipient, Session, Step};
use rand_core::OsRng;
use relay::{Port, SendError};

/// A run that came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// The protocol stopped, perhaps naming who broke it.
    #[error("{}", .0.fault())]
    Aborted(Box<Abort>),
    /// Seats fell silent.
    #[error("seats {0:?} did not answer in time")]
    Silent(Vec<u16>),
    /// The relay closed or refused.
    #[error("the relay: {0}")]
    Relay(String),
}

/// How much a seat's failure says of why a run came to nothing. Which seat is heard first is chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Says {
    /// Only that another seat had gone.
    LeftAlone,
    /// A reason of its own.
    Reason,
    /// Who provably broke the protocol.
    Proof,
}

impl RunError {
    /// How much it says.
    pub fn says(&self) -> Says {
        match self {
            RunError::Relay(_) => Says::LeftAlone,
            RunError::Aborted(abort) if !abort.culprits().is_empty() => Says::Proof,
            RunError::Aborted(_) | RunError::Silent(_) => Says::Reason,
        }
    }

    /// Seats that provably broke the protocol.
    pub fn culprits(&self) -> Vec<SeatId> {
        match self {
            RunError::Aborted(abort) => abort.culprits(),
            RunError::Silent(_) | RunError::Relay(_) => Vec::new(),
        }
    }
}

/// Feeds a session until it is done. `others` are the other seats of the session; `patience` bounds
/// the whole run.
pub(crate) async fn run<S, P>(
    session: S,
    first: Vec<Outgoing>,
    others: &[SeatId],
    port: &mut P,
    patience: Duration,
) -> Result<S::Output, RunError>
where
    S: Session,
    P: Port,
{
    send(port, others, first).await?;
    let deadline = tokio::time::Instant::now() + patience;
    let mut session = session;
    loop {
        let waiting = || {
            session
                .waiting_for()
                .iter()
                .map(|seat| seat.get())
                .collect()
        };
        let message = match tokio::time::timeout_at(deadline, port.recv()).await {
            Err(_) => return Err(RunError::Silent(waiting())),
            Ok(Err(closed)) => return Err(RunError::Relay(closed.to_string())),
            Ok(Ok(message)) => message,
        };
        // A round of key generation for an EVM chain computes for a second.
        let from = message.from;
        let step = tokio::task::block_in_place(|| session.handle(from, &message.bytes, &mut OsRng))
            .map_err(|abort| RunError::Aborted(Box::new(abort)))?;
        match step {
            Step::Waiting {
                session: next,
                send: out,
            } => {
                session = next;
                send(port, others, out).await?;
            }
            Step::Done { output, send: out } => {
                // What is still to be sent may find the others gone: they are done as well.
                match send(port, others, out).await {
                    Ok(()) | Err(RunError::Relay(_)) => return Ok(output),
                    Err(other) => return Err(other),
                }
            }
        }
    }
}

async fn send<P: Port>(port: &P, others: &[SeatId], out: Vec<Outgoing>) -> Result<(), RunError> {
    let failed = |error: SendError| RunError::Relay(error.to_string());
    for message in out {
        match message.to {
            Recipient::Seat(seat) => port.send(seat, message.bytes).await.map_err(failed)?,
            Recipient::All => {
                for seat in others {
                    port.send(*seat, message.bytes.clone())
                        .await
                        .map_err(failed)?;
                }
            }
        }
    }
    Ok(())
}
